import type { Graph } from '../onnx/graph.js';
import type { StaticGraph } from '../onnx/specialise.js';
import type { StaticFinding } from '../scan/result.js';

export type { StaticFinding } from '../scan/result.js';

/**
 * Looks at a model's file alone: no image, nothing is run. What it finds never changes a verdict.
 *
 * `error` is for a file that cannot be a working model, `warning` for what a classifier has no use for, `note` for facts that
 * help whoever looks closer.
 */
export interface Check {
  /** Stable, for scripts. */
  readonly id: string;
  readonly title: string;
  /** What it means and what to do. */
  readonly help: string;
  readonly run: (subject: CheckSubject) => readonly CheckFinding[];
}

export interface CheckSubject {
  /** As read from the file. */
  readonly graph: Graph;
  /** Paths relative to the model's folder; the model file comes first. */
  readonly files: readonly string[];
  /** With fixed shapes and folded constants; undefined where a scan would be refused before it has them. */
  readonly bound: BoundGraph | undefined;
}

/** The graph that is run, and between which of its values gradients pass. */
export interface BoundGraph {
  readonly graph: StaticGraph;
  readonly inputName: string;
  readonly logitsName: string;
}

export type CheckFinding = Omit<StaticFinding, 'check'>;
