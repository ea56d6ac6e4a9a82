import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ScanCache } from '../../../core/ports/scan-cache.js';
import type { ScanResult } from '../../../core/scan/result.js';
import { sha256 } from '../../hash/sha256.js';
import { parseExact, stringifyExact } from '../../wire/json.js';

export interface ResultCacheOptions {
  readonly dir: string;
  /** Bytes over all entries; the entries used longest ago go first. */
  readonly maxBytes: number;
  /** Version of the program: results of another version are not reused. */
  readonly version: string;
  /** Engine, and provider where it is not the engine's default. Results of another are not reused: the last bits differ. */
  readonly engine: string;
  /** Called at most once, with the reason why results cannot be kept. */
  readonly warn: (message: string) => void;
}

/**
 * Keeps scan results on disk, one file per scan id: a header line with version and checksum, then the result.
 * Entries appear by rename, so another process never sees half of one. A damaged entry counts as absent and is
 * replaced by the next scan. No call throws.
 */
export function openResultCache(options: ResultCacheOptions): ScanCache {
  const { dir, maxBytes, version, engine } = options;
  let warned = false;
  const warnOnce = (error: unknown) => {
    if (!warned) {
      options.warn(`results are not cached in ${dir}: ${error instanceof Error ? error.message : String(error)}`);
    }
    warned = true;
  };

  return {
    async get(scanId) {
      const file = entryFile(dir, scanId, engine);
      if (file === undefined) return undefined;
      const text = await readFile(file, 'utf8').catch(() => undefined);
      const result = text === undefined ? undefined : parseEntry(text, version);
      // A read-only cache is still worth reading, so a failed touch is no failure.
      if (result) await utimes(file, new Date(), new Date()).catch(() => undefined);
      return result;
    },
    async put(scanId, result) {
      const file = entryFile(dir, scanId, engine);
      if (file === undefined) return;
      const temporary = `${file}.${process.pid}.${randomUUID()}.tmp`;
      try {
        const text = printEntry(result, version);
        if (Buffer.byteLength(text) > maxBytes) return;
        await mkdir(dir, { recursive: true, mode: 0o700 });
        await writeFile(temporary, text, { mode: 0o600 });
        await rename(temporary, file);
        await evict(dir, maxBytes);
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => undefined);
        warnOnce(error);
      }
    },
  };
}

/** Counts changes of the entry format. */
const schema = 1;

interface Header {
  readonly schema: number;
  readonly version: string;
  readonly sha256: string;
}

function printEntry(result: ScanResult, version: string): string {
  const body = stringifyExact(result);
  const header: Header = { schema, version, sha256: sha256(body) };
  return `${JSON.stringify(header)}\n${body}`;
}

function parseEntry(text: string, version: string): ScanResult | undefined {
  const end = text.indexOf('\n');
  try {
    const header = JSON.parse(text.slice(0, end)) as Partial<Header>;
    const body = text.slice(end + 1);
    if (header.schema !== schema || header.version !== version || header.sha256 !== sha256(body)) return undefined;
    return parseExact(body) as ScanResult;
  } catch {
    return undefined;
  }
}

function entryFile(dir: string, scanId: string, engine: string): string | undefined {
  return /^[0-9a-f]{64}$/.test(scanId) ? join(dir, `${scanId}-${engine}.json`) : undefined;
}

/** A process killed between write and rename leaves its temporary file behind. */
const staleAfter = 3_600_000;

async function evict(dir: string, maxBytes: number): Promise<void> {
  const files = await Promise.all(
    (await readdir(dir)).map(async (name) => {
      const path = join(dir, name);
      const info = await stat(path).catch(() => undefined);
      return { path, name, bytes: info?.size ?? 0, used: info?.mtimeMs ?? 0 };
    }),
  );
  const now = Date.now();
  const stale = files.filter(({ name, used }) => name.endsWith('.tmp') && now - used > staleAfter);
  const entries = files.filter(({ name }) => name.endsWith('.json')).sort((a, b) => a.used - b.used);
  let total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { path } of stale) await rm(path, { force: true });
  for (const { path, bytes } of entries) {
    if (total <= maxBytes) break;
    await rm(path, { force: true });
    total -= bytes;
  }
}
