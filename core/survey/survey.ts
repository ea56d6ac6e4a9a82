import type { StaticFinding } from '../checks/check.js';
import type { OpSupport } from '../compile/op-support.js';
import type { ValueInfo } from '../onnx/graph.js';
import type { ModelLimits, ModelSelection } from '../ports/runner.js';
import type { Tile } from '../execute/tile.js';
import type { ScanErrorCode } from '../scan/errors.js';
import type { SaliencyRuleName } from '../scan/features.js';
import type { Profile } from '../scan/profile.js';

/** What is to be found out about a model without an image and without an engine. */
export interface SurveyRequest {
  readonly profile: Profile;
  readonly selection: ModelSelection;
  readonly layout?: 'NCHW' | 'NHWC' | undefined;
  /** [height, width] where the model leaves them open. */
  readonly size?: readonly [number, number] | undefined;
  readonly limits: ModelLimits;
  /** Shards of a scan that may run side by side. */
  readonly workers: number;
}

/** A model as a scan sees it. What comes after the first obstacle is undefined. */
export interface Survey {
  readonly graph: GraphSummary;
  readonly classifier?: ClassifierSummary | undefined;
  /** By qualified name, in alphabetical order. */
  readonly ops: readonly OpUse[];
  readonly scan?: ScanOutline | undefined;
  /** Why a scan would end without a verdict. */
  readonly obstacle?: { readonly code: ScanErrorCode; readonly message: string } | undefined;
  readonly findings: readonly StaticFinding[];
}

export interface GraphSummary {
  readonly name: string;
  readonly irVersion: number;
  readonly producer: string;
  readonly opsets: ReadonlyMap<string, number>;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** Functions inlined, constants left out, sub-graphs included. */
  readonly nodes: number;
  /** Numbers in floating and 8-bit tensors. */
  readonly parameters: number;
}

export interface ClassifierSummary {
  readonly inputName: string;
  readonly layout: 'NCHW' | 'NHWC';
  /** Without the image axis. */
  readonly inputDims: readonly number[];
  /** The model leaves its size open and none was given. */
  readonly sizeAssumed: boolean;
  readonly logitsName: string;
  readonly cut: string | undefined;
  /** Undefined where the shape of the logits could not be found out. */
  readonly classes: number | undefined;
  /** Images per run that the model insists on. */
  readonly fixedBatch: number | undefined;
}

export interface OpUse {
  /** `Conv`, `com.microsoft.FusedConv`. */
  readonly op: string;
  readonly support: OpSupport;
  /** In the model file. */
  readonly nodes: number;
  /**
   * In the graph that is run: with fixed shapes, constants folded, in the forms of one opset. Undefined where it did not come
   * to that.
   */
  readonly run: RunUse | undefined;
  /** Nodes that have neither a rule nor a zero derivative though a gradient would have to pass them. */
  readonly refused: number;
  /** The first of them. */
  readonly refusedNodes: readonly string[];
}

export interface RunUse {
  readonly rule: number;
  readonly zero: number;
  /** Not between image and logits. */
  readonly forward: number;
}

export interface ScanOutline {
  readonly rules: readonly SaliencyRuleName[];
  readonly images: number;
  /** What is never cut. */
  readonly tile: Tile;
  /** What one engine run takes at most. */
  readonly runs: Readonly<Record<SaliencyRuleName, Tile>>;
  readonly shards: number;
  /** About how much memory the tensors of the largest run take. */
  readonly runBytes: number;
}
