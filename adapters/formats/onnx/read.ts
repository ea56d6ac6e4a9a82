import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { headBytes, type ModelFile } from '../../../core/ports/model-format.js';
import { asScanError, ScanError } from '../../../core/scan/errors.js';
import { decodeModel } from './decode.js';
import { modelDigest } from './digest.js';
import { externalFiles } from './external.js';
import { refuseForeign, refuseForeignFolder } from './foreign.js';
import { defaultOnnxLimits, type OnnxLimits } from './limits.js';

/**
 * Reads a model file, or the folder that holds exactly one, with its external data.
 * @throws ScanError `model-not-found`, `model-unreadable`, `model-unsupported-format`, and what {@link decodeModel} throws.
 */
export async function readOnnx(path: string, limits: OnnxLimits = defaultOnnxLimits): Promise<ModelFile> {
  const file = await locateOnnx(path);
  const bytes = await readBytes(file, limits.maxBytes);
  try {
    return imported(file, bytes, limits);
  } catch (thrown) {
    throw asScanError(thrown, 'model-unreadable', file);
  }
}

function imported(file: string, bytes: Uint8Array, limits: OnnxLimits): ModelFile {
  refuseForeign(bytes.subarray(0, headBytes), file);
  const external = externalFiles(file, limits.maxBytes - bytes.length);
  const graph = decodeModel(bytes, { file, limits, external: external.read });
  const files = new Map([[basename(file), bytes], ...external.files]);
  return {
    format: 'onnx',
    graph,
    digest: modelDigest(files),
    bytes: [...files.values()].reduce((sum, { length }) => sum + length, 0),
    files: [...files.keys()],
  };
}

/**
 * The model file behind a path: the file itself, or the one `.onnx` file in a folder.
 * @throws ScanError `model-not-found`, `model-ambiguous`, `model-unreadable`, `model-unsupported-format`.
 */
export async function locateOnnx(path: string): Promise<string> {
  const info = await stat(path).catch((thrown: unknown) => unreadable(thrown, path));
  if (info.isFile()) return path;
  if (!info.isDirectory()) throw new ScanError('model-unreadable', `${path}: neither a file nor a folder`);
  const names = await readdir(path).catch((thrown: unknown) => unreadable(thrown, path));
  const models = names.filter((name) => name.toLowerCase().endsWith('.onnx')).sort();
  const [model] = models;
  if (model === undefined) {
    refuseForeignFolder(names, path);
    throw new ScanError('model-not-found', `${path}: no .onnx file in this folder. Give the path of a model file`);
  }
  if (models.length > 1) {
    const some = models.slice(0, 5).join(', ') + (models.length > 5 ? ', ...' : '');
    throw new ScanError('model-ambiguous', `${path}: ${models.length} .onnx files (${some}). Give the path of one`);
  }
  return locateOnnx(join(path, model));
}

/**
 * What names a file in a report when it could not be decoded: the sha256 of its bytes, external data left out.
 * @throws ScanError `model-not-found`, `model-unreadable`.
 */
export async function fileDigest(path: string): Promise<{ digest: string; bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
    }
  } catch (thrown) {
    unreadable(thrown, path);
  }
  return { digest: `sha256:${hash.digest('hex')}`, bytes };
}

/** The size is checked before a byte is read. */
async function readBytes(path: string, maxBytes: number): Promise<Uint8Array> {
  const handle = await open(path).catch((thrown: unknown) => unreadable(thrown, path));
  try {
    const { size } = await handle.stat();
    if (size > maxBytes) {
      throw new ScanError('model-too-large', `${path}: ${size} bytes (limit ${maxBytes}); see --max-model-size`);
    }
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size;) {
      const { bytesRead } = await handle.read(bytes, at, Math.min(size - at, 2 ** 30), at);
      if (bytesRead === 0) throw new ScanError('model-unreadable', `${path}: the file shrank while it was read`);
      at += bytesRead;
    }
    return bytes;
  } catch (thrown) {
    throw asScanError(thrown, 'model-unreadable', path);
  } finally {
    await handle.close();
  }
}

function unreadable(thrown: unknown, path: string): never {
  const { code, message } = thrown as NodeJS.ErrnoException;
  if (code === 'ENOENT') throw new ScanError('model-not-found', `${path}: no such file or folder`, { cause: thrown });
  throw new ScanError('model-unreadable', `${path}: cannot be read (${code ?? message})`, { cause: thrown });
}
