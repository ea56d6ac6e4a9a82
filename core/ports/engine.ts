import type { Graph, Tensor } from '../onnx/graph.js';

/** Runs ONNX programs. Adapters: `adapters/engines/*`; they share one contract suite. */
export interface Engine {
  readonly info: EngineInfo;
  /**
   * @throws ScanError `engine-failed` when the engine refuses the program.
   */
  load(program: Graph): Promise<EngineSession>;
}

export interface EngineSession {
  /**
   * Runs once. Keys of `feeds` are the program's inputs; the result holds the outputs asked for (default: all).
   * @throws ScanError `engine-failed`, `engine-out-of-memory`.
   */
  run(feeds: ReadonlyMap<string, Tensor>, outputs?: readonly string[]): Promise<Map<string, Tensor>>;
  dispose(): Promise<void>;
}

export interface EngineInfo {
  /** `onnxruntime`, `tfjs`. */
  readonly name: string;
  readonly version: string;
  /** The provider that really runs: `cpu`, `cuda`, `webgpu`, ... */
  readonly provider: string;
  readonly threads: number;
}
