import type { ScanResult } from '../../../core/scan/result.js';
import type { ScanProgress } from '../../../core/scan/scan-model.js';

/** Tells a waiting person how far the run is. Everything goes to stderr. */
export interface Progress {
  update(progress: ScanProgress): void;
  finished(result: ScanResult): void;
  /** A remark that must not tear the bar apart. */
  note(message: string): void;
  stop(): void;
}
