import type { Graph } from '../onnx/graph.js';
import type { StatedPreprocessing } from '../scan/stated-preprocessing.js';

/** Imports one model format into a graph. Adapters: `adapters/formats/*`; they share one contract suite. */
export interface ModelFormat {
  /** `onnx`, `keras`, `saved-model`, `frozen-graph`, `tfjs-layers`, `tfjs-graph`, `safetensors`. */
  readonly name: string;
  /** Whether a model of this format begins with this file. Decides by content, never by extension: names lie. */
  detect(files: ModelFiles, main: string): boolean;
  /**
   * The files that {@link read} will read, the main one first: the model's digest covers exactly these. Cheap where the
   * format allows it, because the process that prints the report calls it.
   * @throws ScanError `model-*`.
   */
  parts(files: ModelFiles, main: string, limits: ModelReadLimits): readonly string[];
  /**
   * A model file is hostile: nothing in it is run, and time and memory are bounded by `limits`.
   * @throws ScanError `model-*`; the message names the file, what is wrong and what to do. Nothing else is thrown.
   */
  read(files: ModelFiles, main: string, limits: ModelReadLimits): Graph | Promise<Graph>;
  /**
   * How the files beside the model say that pixels become its input; undefined where they do not say. Of formats that have a
   * place for it. It is no part of the digest: a scan id depends on the values.
   * @throws ScanError `model-malformed`, `model-unsupported-format`; the message says how to give the values instead.
   */
  preprocessing?(files: ModelFiles): StatedPreprocessing | undefined;
}

/**
 * The files of one model, wherever they lie: in a folder, beside a file, in an archive. Nothing outside of that place can be
 * named, and all that is read stays below one limit.
 */
export interface ModelFiles {
  /** How errors name a file of the model: the path a person would open. */
  title(name: string): string;
  /** Relative paths, `/` between names, sorted. Beside a file that was named outright, that file alone. */
  readonly names: readonly string[];
  has(name: string): boolean;
  /** Bytes. @throws ScanError `model-external-data` where there is no such file. */
  size(name: string): number;
  /** The first {@link headBytes} bytes, fewer where the file is shorter. */
  head(name: string): Uint8Array;
  /**
   * The whole file; the same array every time, so that what is hashed is what is used. Its memory is the caller's to view,
   * never to change.
   * @throws ScanError `model-external-data` for a file that is not there, is no file or lies outside of the model's folder;
   *   `model-too-large`.
   */
  read(name: string): Uint8Array;
}

/** How much of a file {@link ModelFiles.head} shows. */
export const headBytes = 512;

export interface ModelReadLimits {
  /** Bytes over all files of the model, unpacked ones counted as well. */
  readonly maxModelBytes: number;
}

/** What a model is, without its graph. */
export interface ModelFacts {
  /** {@link ModelFormat.name}. */
  readonly format: string;
  /**
   * `sha256:<hex>` of the file. Of a model of several files: the sha256 over the lines `<sha256>  <relative path>\n`, sorted
   * bytewise, as `sha256sum FILES | LC_ALL=C sort | sha256sum` computes it in the model's folder. Of a model in an archive:
   * that of the archive.
   */
  readonly digest: string;
  /** Over all files. */
  readonly bytes: number;
  /** Paths relative to the model's folder, `/` between names; the model file comes first. Of an archive: its name alone. */
  readonly files: readonly string[];
}

export interface ModelFile extends ModelFacts {
  readonly graph: Graph;
}
