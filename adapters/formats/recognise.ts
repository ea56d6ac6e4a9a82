import type { ModelFiles, ModelFormat } from '../../core/ports/model-format.js';
import { archiveKind, type ArchiveKind } from './files/archive.js';
import { coreMl, foreignFormat, type ForeignFormat } from './foreign.js';
import { protobufKind } from './protobuf/kind.js';
import { formats } from './table.js';

/** What a file is. */
export type Recognised =
  | { readonly kind: 'model'; readonly format: ModelFormat }
  | { readonly kind: 'archive'; readonly archive: ArchiveKind }
  | { readonly kind: 'foreign'; readonly format: ForeignFormat }
  | { readonly kind: 'unknown' };

/** Decides by content, never by extension. @throws ScanError where the file cannot be read. */
export function recognise(files: ModelFiles, main: string): Recognised {
  const format = formats.find((each) => each.detect(files, main));
  if (format) return { kind: 'model', format };
  const head = files.head(main);
  const foreign = foreignFormat(head, main) ?? (protobufKind(files, main) === 'core-ml' ? coreMl : undefined);
  if (foreign) return { kind: 'foreign', format: foreign };
  const archive = archiveKind(head);
  return archive ? { kind: 'archive', archive } : { kind: 'unknown' };
}
