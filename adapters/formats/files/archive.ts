import type { ModelFiles, ModelReadLimits } from '../../../core/ports/model-format.js';
import { asScanError, ScanError } from '../../../core/scan/errors.js';
import { memoryFiles } from './memory.js';

export type ArchiveKind = 'zip' | 'tar' | 'gzip';

/** @param head the first bytes of a file, see `headBytes` of the model-format port. */
export function archiveKind(head: Uint8Array): ArchiveKind | undefined {
  // The second is a zip without entries.
  if (startsWith(head, [0x50, 0x4b, 0x03, 0x04]) || startsWith(head, [0x50, 0x4b, 0x05, 0x06])) return 'zip';
  if (startsWith(head, [0x1f, 0x8b, 0x08])) return 'gzip';
  return isTarHeader(head) ? 'tar' : undefined;
}

/**
 * The files of a zip, tar or tar.gz, in memory. Bounded in entries and unpacked bytes, whatever the archive declares.
 * @param title names the archive in errors.
 * @throws ScanError `model-malformed`, `model-too-large`, `model-unsupported-format`.
 */
export async function unpackArchive(
  bytes: Uint8Array,
  kind: ArchiveKind,
  title: string,
  { maxModelBytes }: ModelReadLimits,
): Promise<ModelFiles> {
  try {
    const contents =
      kind === 'zip'
        ? await (await import('./zip.js')).unzip(bytes, title, maxModelBytes)
        : await (await import('./tar.js')).untar(bytes, kind === 'gzip', title, maxModelBytes);
    for (const [name, content] of contents) refuseNested(name, content, title);
    return memoryFiles(contents, title);
  } catch (thrown) {
    throw asScanError(thrown, 'model-malformed', `${title}: the archive cannot be unpacked`);
  }
}

/** A zip may be a model of its own; a tar never is. */
function refuseNested(name: string, content: Uint8Array, title: string): void {
  const kind = archiveKind(content.subarray(0, 512));
  if (kind !== undefined && kind !== 'zip') {
    throw new ScanError(
      'model-unsupported-format',
      `${title}: holds another archive, '${name}'. Archives in archives are not unpacked: unpack it first`,
    );
  }
}

/** The header's checksum is the sum of its 512 bytes, with blanks for the checksum itself. */
function isTarHeader(head: Uint8Array): boolean {
  if (head.length < 512 || head[0] === 0) return false;
  const declared = /^ *([0-7]{1,7})[\0 ]/.exec(String.fromCharCode(...head.subarray(148, 156)))?.[1];
  if (declared === undefined) return false;
  let sum = 8 * 0x20;
  for (let i = 0; i < 512; i++) if (i < 148 || i >= 156) sum += head[i]!;
  return sum === Number.parseInt(declared, 8);
}

function startsWith(head: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, i) => head[i] === byte);
}
