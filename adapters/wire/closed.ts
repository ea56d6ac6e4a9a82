import { hex64, matching } from './check.js';
import { maxMessageBytes, readMessage, writeMessage, type MessageType } from './message.js';
import { readTime, v1, type types } from './parts.js';

/** Nobody waits for the tasks of a scan that were made until then. */
export interface ScanClosed {
  readonly scanId: string;
  /** Milliseconds since the epoch. */
  readonly closedAt: number;
}

type Fields = types.scan.v1.ScanClosed.$Properties;

const scanClosed: MessageType<Fields, Fields> = {
  name: 'ScanClosed',
  codec: v1.ScanClosed,
  maxBytes: maxMessageBytes,
  repeated: {},
};

export function encodeClosed({ scanId, closedAt }: ScanClosed): Uint8Array {
  return writeMessage(scanClosed, { scanId, closedAtMs: closedAt }, accept);
}

/** @throws ScanError `message-malformed`. */
export function decodeClosed(bytes: Uint8Array): ScanClosed {
  return readMessage(scanClosed, bytes, accept);
}

function accept(fields: Fields): ScanClosed {
  return {
    scanId: matching(fields.scanId, 'scan_id', hex64),
    closedAt: readTime(fields.closedAtMs, 'closed_at_ms'),
  };
}
