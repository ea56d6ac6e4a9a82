import { resolve } from 'node:path';
import { ScanError } from '../../../core/scan/errors.js';
import { findingRules, type FindingRule } from '../../../core/scan/result.js';
import { parseYaml, readText } from '../config/file.js';
import { nearest } from '../config/nearest.js';

export const defaultIgnoreFile = '.neuroninspect-ignore.yaml';

/** A finding someone has looked at and accepts. What is left out covers all. */
export interface IgnoreEntry {
  readonly id?: FindingRule | undefined;
  /** `sha256:<hex>` */
  readonly digest?: string | undefined;
  readonly classes?: readonly number[] | undefined;
  /** Last day on which the entry counts (UTC), `YYYY-MM-DD`. */
  readonly expires?: string | undefined;
  /** Why it is accepted. */
  readonly statement: string;
}

export interface IgnoreFile {
  readonly path: string;
  readonly entries: readonly IgnoreEntry[];
}

/**
 * Reads the file named, or `.neuroninspect-ignore.yaml` of the working directory where there is one.
 * @throws ScanError `usage` naming the entry and what is wrong with it.
 */
export async function readIgnoreFile(
  named: string | undefined,
  cwd: string = process.cwd(),
): Promise<IgnoreFile | undefined> {
  const path = named ?? defaultIgnoreFile;
  const text = await readText(resolve(cwd, path), path, named !== undefined);
  if (text === undefined) return undefined;
  const parsed = await parseYaml(text, path);
  const list = isMapping(parsed) ? parsed.ignore : parsed;
  if (isMapping(parsed)) refuseUnknownKeys(parsed, ['ignore'], path);
  if (list === null || list === undefined) return { path, entries: [] };
  if (!Array.isArray(list)) {
    throw new ScanError(
      'usage',
      `${path} must hold a list under "ignore:", each entry with id or digest, and statement`,
    );
  }
  const schema = await entrySchema();
  return { path, entries: list.map((item, index) => checkEntry(item, schema, `${path}, entry ${index + 1}`)) };
}

async function entrySchema() {
  const { z } = await import('zod');
  return z.object({
    id: z.enum(Object.keys(findingRules) as FindingRule[]).optional(),
    digest: z
      .string()
      .regex(/^(sha256:)?[0-9a-f]{64}$/i)
      .transform((digest) => `sha256:${digest.slice(-64).toLowerCase()}`)
      .optional(),
    classes: z.array(z.int().min(0)).min(1).optional(),
    expires: z.iso.date().optional(),
    statement: z.string().trim().min(1),
  });
}

type Schema = Awaited<ReturnType<typeof entrySchema>>;

const expectations: Readonly<Record<string, string>> = {
  id: `one of ${Object.keys(findingRules).join(', ')}`,
  digest: 'sha256: and 64 hex digits',
  classes: 'a list of class indices such as [3, 7]',
  expires: 'a day such as 2027-01-31',
  statement: 'a sentence that says why the finding is accepted',
};

function checkEntry(item: unknown, schema: Schema, place: string): IgnoreEntry {
  if (!isMapping(item)) throw new ScanError('usage', `${place} must have the keys id or digest, and statement`);
  refuseUnknownKeys(item, Object.keys(expectations), place);
  const parsed = schema.safeParse(item);
  if (!parsed.success) {
    const key = String(parsed.error.issues[0]?.path[0]);
    throw new ScanError('usage', `${place}: ${key} must be ${expectations[key]}`);
  }
  if (parsed.data.id === undefined && parsed.data.digest === undefined) {
    throw new ScanError('usage', `${place} needs id or digest: an entry without both would ignore everything`);
  }
  return parsed.data;
}

function refuseUnknownKeys(mapping: Record<string, unknown>, known: readonly string[], place: string): void {
  const unknown = Object.keys(mapping).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  const near = nearest(unknown, known);
  const hint = near ? `did you mean "${near}"?` : `known are ${known.join(', ')}`;
  throw new ScanError('usage', `${place} has the unknown key "${unknown}"; ${hint}`);
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
