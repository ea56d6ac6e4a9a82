import { LRUCache } from 'lru-cache';
import type { Notice } from '../../core/ports/scan-store.js';
import { extractTrace, injectTrace, withSpan } from '../common/tracing.js';

/** Puts notices into the trace of the result that caused them. Known to this process only: without it a trace has a gap, no more. */
export interface NoticeTraces {
  /** Called inside the span of the result. */
  keep(scanId: string): void;
  deliver(notice: Notice, send: (notice: Notice) => Promise<void>): Promise<void>;
}

export function createNoticeTraces(): NoticeTraces {
  const headers = new LRUCache<string, Record<string, string>>({ max: 1000 });
  return {
    keep(scanId) {
      const trace = injectTrace();
      if (Object.keys(trace).length > 0) headers.set(scanId, trace);
    },
    deliver(notice, send) {
      const parent = extractTrace(headers.get(notice.scanId));
      const attributes = { 'neuroninspect.scan': notice.scanId, 'neuroninspect.state': notice.state };
      return withSpan('notice', attributes, () => send(notice), { parent, kind: 'producer' });
    },
  };
}
