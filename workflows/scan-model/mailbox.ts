import { lanes, type Lane } from '../../core/pipeline/order.js';
import { scanStates, type ScanState } from '../../core/ports/scan-store.js';
import type { Reason } from '../../core/scan/result.js';

/** What signals left behind. They may come at any time, twice, late, and with arguments nobody checked. */
export interface Mailbox {
  /** The furthest state that was heard of since the last {@link forget}. */
  readonly heard: ScanState | undefined;
  readonly lane: Lane;
  readonly hear: (state: ScanState) => void;
  readonly changeLane: (lane: Lane) => void;
  readonly cancel: (text: string) => void;
  /** The database is about to be asked: what was heard before may be about the time before the scan was opened again. */
  forget(): void;
  cancellation(): Reason;
}

export function openMailbox(lane: Lane): Mailbox {
  let heard: ScanState | undefined;
  let cancelled = '';
  return {
    get heard() {
      return heard;
    },
    get lane() {
      return lane;
    },
    hear(state) {
      if (scanStates.includes(state) && isFurther(state, heard)) heard = state;
    },
    changeLane(to) {
      if (lanes.includes(to)) lane = to;
    },
    cancel(text) {
      cancelled ||= text.slice(0, longestText);
    },
    forget() {
      heard = undefined;
    },
    cancellation: () => ({ code: 'cancelled', message: cancelled || 'the scan was cancelled' }),
  };
}

/** True where the first state comes after the second one. */
export function isFurther(state: ScanState | undefined, than: ScanState | undefined): boolean {
  return rank(state) > rank(than);
}

function rank(state: ScanState | undefined): number {
  return state === undefined ? -1 : scanStates.indexOf(state);
}

/** Characters; the text stands in reports. */
const longestText = 1000;
