import type { ScanResult } from '../scan/result.js';

/** Keeps finished results by scan id. Losing entries costs time, never a verdict: neither call may throw. */
export interface ScanCache {
  get(scanId: string): Promise<ScanResult | undefined>;
  put(scanId: string, result: ScanResult): Promise<void>;
}
