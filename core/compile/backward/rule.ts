import type { Node, Tensor } from '../../onnx/graph.js';
import type { Emitter } from '../emit.js';

/**
 * The gradient of a value for a batch of classes: a tensor of shape [K, ...dims].
 *
 * `dims` has the rank of the value. Each entry is the value's own extent, or 1 where the gradient does not depend on that
 * axis; such an axis stays 1 until something makes it depend ("lazy"), which saves a factor N in front of the first gate.
 */
export interface Gradient {
  readonly name: string;
  readonly dims: readonly number[];
}

/** What a backward rule may look at and emit. `x` are forward values, `dY` gradients. */
export interface BackwardContext {
  readonly node: Node;
  readonly emit: Emitter;
  /** Name of forward input i, of forward output i. */
  input(i: number): string;
  output(i?: number): string;
  hasInput(i: number): boolean;
  /** Concrete shape of a forward value. */
  dims(value: string): readonly number[];
  /** The tensor of a forward value that is constant. */
  constant(value: string): Tensor | undefined;
  /** Whether input i leads back to the image. */
  needs(i: number): boolean;
  /** The gradient of output i, with lazy axes; undefined where no path to the logits uses that output. */
  lazyDY(i?: number): Gradient | undefined;
  /** The same with all axes but the first of their full extent. */
  dY(i?: number): Gradient;
  /** The same with every axis of its full extent. */
  fullDY(i?: number): Gradient;
  /** The node is the Mul that ends a self-gated activation such as x sigmoid(x). */
  readonly selfGated: boolean;
  /** The node lies between the input of such an activation and its Mul. */
  readonly insideActivation: boolean;
  /** Input 0 is a value plus a positive constant: this Clip is the gate inside a hard-swish or hard-sigmoid. */
  readonly shifted: boolean;
  int(attribute: string, fallback: number): number;
  float(attribute: string, fallback: number): number;
  ints(attribute: string): readonly number[] | undefined;
  text(attribute: string, fallback: string): string;
  /** @throws ScanError that names the node and says what the rule does not cover. */
  unsupported(what: string): never;
}

/** One entry per input of the node: null where the derivative is zero, undefined where it was not needed. */
export type BackwardRule = (context: BackwardContext) => readonly (Gradient | null | undefined)[];

/** Op name to rule. A saliency rule is a table with some entries replaced. */
export type BackwardTable = Readonly<Record<string, BackwardRule>>;
