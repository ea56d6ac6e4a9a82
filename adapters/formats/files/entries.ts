import { ScanError } from '../../../core/scan/errors.js';
import { maxFiles } from './folder.js';
import { normalName } from './names.js';

/** Collects what an archive unpacks to, under one limit for all of it. */
export interface Entries {
  /**
   * Announces an entry before anything of it is unpacked.
   * @param bytes as declared; what comes is counted as well.
   * @throws ScanError
   */
  announce(name: string, bytes: number): void;
  /** Counts bytes as they come out. */
  count(name: string, bytes: number): void;
  add(name: string, content: Uint8Array): void;
  refuse(name: string, why: string): never;
  readonly contents: ReadonlyMap<string, Uint8Array>;
}

export function createEntries(title: string, maxBytes: number): Entries {
  const contents = new Map<string, Uint8Array>();
  const names = new Set<string>();
  let entries = 0;
  let announced = 0;
  let counted = 0;

  const tooLarge = (): never => {
    throw new ScanError(
      'model-too-large',
      `${title}: unpacks to more than ${maxBytes} bytes; see --max-model-size if you trust it`,
    );
  };
  const refuse = (name: string, why: string): never => {
    throw new ScanError('model-malformed', `${title}: entry '${printable(name)}': ${why}`);
  };
  return {
    contents,
    refuse,
    announce: (name, bytes) => {
      entries++;
      if (entries > maxFiles) {
        throw new ScanError('model-too-large', `${title}: more than ${maxFiles} entries. Pack the model alone`);
      }
      const key = normalName(name, (why) => refuse(name, why));
      if (key === '.' || key.endsWith('/')) return;
      if (names.has(key)) refuse(name, 'is there twice, so that programs may disagree on which one counts');
      names.add(key);
      announced += bytes;
      if (announced > maxBytes) tooLarge();
    },
    count: (_name, bytes) => {
      counted += bytes;
      if (counted > maxBytes) tooLarge();
    },
    add: (name, content) => {
      contents.set(
        normalName(name, (why) => refuse(name, why)),
        content,
      );
    },
  };
}

function printable(name: string): string {
  return name.replace(/\p{Cc}/gu, '?').slice(0, 200);
}
