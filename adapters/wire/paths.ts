import { quoted, refuse } from './check.js';

/** A model in one file has its digest whatever the file is called; what it is, is told by its content. */
export const neutralName = 'model';

/** Whether a single file may keep its name on the wire. */
export function isModelPath(path: string): boolean {
  return badPath(path) === undefined && badName(path) === undefined && !path.includes('/');
}

/**
 * Refuses paths of model files that could lead out of the model's folder, that mean something else on another system, or
 * that cannot lie beside each other.
 * @throws ScanError `message-malformed`.
 */
export function modelPaths(paths: readonly string[]): void {
  if (paths.length === 0) refuse('model.files', 'is empty');
  const known = new Set<string>();
  for (const path of paths) {
    const names = path.split('/');
    const why = badPath(path) ?? names.map(badName).find((found) => found !== undefined);
    if (why !== undefined) refuse('model.files.path', `${quoted(path)} ${why}`);
    if (known.has(path)) refuse('model.files.path', `${quoted(path)} is there twice`);
    known.add(path);
  }
  for (const path of paths) {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const folder = path.slice(0, end);
      if (known.has(folder)) refuse('model.files.path', `${quoted(folder)} is both a file and a folder`);
    }
  }
}

function badPath(path: string): string | undefined {
  if (path.length > 1024) return 'is longer than 1024 characters';
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return 'is not relative';
  // eslint-disable-next-line no-control-regex -- NUL ends a path in C, the others hide what is written
  return /[\\\u0000-\u001f\u007f]/.test(path) ? 'has a backslash or a control character' : undefined;
}

function badName(name: string): string | undefined {
  if (name === '' || name === '.' || name === '..') return `has the name '${name}' in it`;
  return Buffer.byteLength(name) > 255 ? 'has a name of more than 255 bytes, which file systems refuse' : undefined;
}
