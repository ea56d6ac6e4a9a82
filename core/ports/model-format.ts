import type { Graph } from '../onnx/graph.js';

/** Imports one model format into a graph. Adapters: `adapters/formats/*`; they share one contract suite. */
export interface ModelFormat {
  /** `onnx`. */
  readonly name: string;
  /**
   * True when this adapter is the one to read the file. Decides by content first: names lie.
   * @param head the first bytes of the file, at least {@link headBytes} of them where the file is that long; empty for a folder.
   */
  detect(head: Uint8Array, path: string): boolean;
  /**
   * Reads a model file, or the folder that holds exactly one.
   *
   * A model file is hostile: nothing in it is run, no file outside of its folder is read, and time and memory are bounded
   * by `limits`.
   * @throws ScanError `model-*`; the message names the path. Nothing else is thrown.
   */
  read(path: string, limits: ModelReadLimits): Promise<ModelFile>;
}

/** How much of a file {@link ModelFormat.detect} is shown. */
export const headBytes = 512;

export interface ModelReadLimits {
  /** Bytes over all files of the model. */
  readonly maxModelBytes: number;
}

export interface ModelFile {
  readonly graph: Graph;
  /**
   * `sha256:<hex>` of the file. Of a model of several files: the sha256 over the lines `<sha256>  <relative path>\n`, sorted
   * bytewise, as `sha256sum FILES | LC_ALL=C sort | sha256sum` computes it in the model's folder.
   */
  readonly digest: string;
  /** Over all files. */
  readonly bytes: number;
  /** Paths relative to the model's folder, `/` between names; the model file comes first. */
  readonly files: readonly string[];
}
