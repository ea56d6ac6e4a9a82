import { ScanError } from '../scan/errors.js';
import { intOf } from './attributes.js';
import type { Graph, Node } from './graph.js';

export type Activation = 'Softmax' | 'LogSoftmax' | 'Sigmoid';

/**
 * The logits behind a value: what a final Softmax, LogSoftmax or Sigmoid is computed from, seen through nodes that only
 * change shape or type. Without such an activation the value itself. An activation that anything else stands behind
 * belongs to the network and stays.
 *
 * Decomposed forms count: `Log(Softmax(x))`, `Exp(x) / ReduceSum(Exp(x))`, `x - ReduceLogSumExp(x)` and
 * `x - Log(ReduceSum(Exp(x)))`, each also with `x - ReduceMax(x)` for x.
 *
 * @throws ScanError `model-not-a-classifier` for a softmax over the images of a batch.
 */
export function cutActivation(
  graph: Graph,
  value: string,
  source: string,
): { logitsName: string; cut: Activation | undefined } {
  const producers = new Map<string, Node>();
  for (const node of graph.nodes) {
    const [first] = node.outputs;
    if (first && node.domain === '') producers.set(first, node);
  }
  const producer = (name: string | undefined): Node | undefined => producers.get(name ?? '');
  const isMade = (name: string | undefined, op: string, by: string | undefined): boolean => {
    const node = producer(name);
    return node?.op === op && node.inputs[0] === by;
  };
  /** x of `x - ReduceMax(x)`, else the value itself. */
  const unshifted = (name: string): string => {
    const node = producer(name);
    const [x] = node?.inputs ?? [];
    return node?.op === 'Sub' && x && isMade(node.inputs[1], 'ReduceMax', x) ? x : name;
  };

  const node = producer(behindReshapes(value));
  const activation = node && activationOf(node);
  return activation ?? { logitsName: value, cut: undefined };

  function behindReshapes(from: string): string {
    let name = from;
    for (let at = producer(name); at && passing.has(at.op) && at.inputs[0]; at = producer(name)) name = at.inputs[0];
    return name;
  }

  function activationOf(last: Node): { logitsName: string; cut: Activation } | undefined {
    const [x, y] = last.inputs;
    if (!x) return undefined;
    switch (last.op) {
      case 'Softmax':
      case 'LogSoftmax':
        if (intOf(last, 'axis', -1) === 0) {
          throw new ScanError(
            'model-not-a-classifier',
            `${source}: ${last.op} '${last.outputs[0]}' runs over axis 0, so the images of a batch change each other's scores`,
          );
        }
        return { logitsName: x, cut: last.op };
      case 'Sigmoid':
        return { logitsName: x, cut: 'Sigmoid' };
      case 'Log': {
        const inner = producer(behindReshapes(x));
        const softmax = inner && activationOf(inner);
        return softmax?.cut === 'Softmax' ? { logitsName: softmax.logitsName, cut: 'LogSoftmax' } : undefined;
      }
      case 'Div': {
        const exponential = producer(x);
        const [z] = exponential?.inputs ?? [];
        if (exponential?.op !== 'Exp' || !z || !isMade(y, 'ReduceSum', x)) return undefined;
        return { logitsName: unshifted(z), cut: 'Softmax' };
      }
      case 'Sub': {
        const log = producer(y);
        const sum = log?.op === 'Log' ? producer(log.inputs[0]) : undefined;
        const normalised =
          isMade(y, 'ReduceLogSumExp', x) || (sum?.op === 'ReduceSum' && isMade(sum.inputs[0], 'Exp', x));
        return normalised ? { logitsName: unshifted(x), cut: 'LogSoftmax' } : undefined;
      }
      default:
        return undefined;
    }
  }
}

/** Ops that leave the scores as they are. */
const passing: ReadonlySet<string> = new Set([
  'Identity',
  'Cast',
  'CastLike',
  'Dropout',
  'Reshape',
  'Flatten',
  'Squeeze',
  'Unsqueeze',
]);
