import { ScanError } from '../scan/errors.js';
import { intOf, intsOf } from './attributes.js';
import type { Dim, Graph, Node, ValueInfo } from './graph.js';
import { printValueInfo } from './print.js';

export type Layout = 'NCHW' | 'NHWC';

/**
 * How the axes of an image input lie, and its channels.
 *
 * An axis of size 1 or 3 in place 1 means NCHW, in place 3 NHWC. Where both or neither are such (unknown sizes), the first
 * Conv behind element-wise nodes means NCHW, and tells the channels; the first Transpose there means NHWC when it moves
 * axis 3 to place 1, NCHW when it moves axis 1 to place 3. Both axes fit and no such node: NCHW.
 *
 * @param layout overrides all of that.
 * @throws ScanError `model-not-a-classifier` for an input that is no image of 1 or 3 channels; `model-ambiguous` when the
 *   layout cannot be told.
 */
export function imageShape(
  graph: Graph,
  input: ValueInfo,
  layout: Layout | undefined,
  source: string,
): { layout: Layout; channels: 1 | 3 } {
  const { dims, dtype } = input;
  const notAnImage = (why: string): ScanError =>
    new ScanError('model-not-a-classifier', `${source}: input ${printValueInfo(input)} is no image: ${why}`);

  if (dtype === 'string' || dtype === 'bool') throw notAnImage(`it takes ${dtype} values`);
  if (dims && dims.length !== 4) {
    const tokens = /^u?int/.test(dtype) && dims.length <= 2;
    throw notAnImage(
      tokens
        ? 'it takes whole numbers of rank 1 or 2, as language models take tokens'
        : `it has ${dims.length} axes, not the four of [N,C,H,W] or [N,H,W,C]`,
    );
  }
  const at = (axis: number): Dim => dims?.[axis] ?? null;
  const hint = usedAs(graph, input.name);
  const chosen = layout ?? byShape(at(1), at(3), hint?.layout);
  if (chosen) {
    const size = at(chosen === 'NCHW' ? 1 : 3);
    const channels = typeof size === 'number' ? size : hint?.layout === chosen ? hint.channels : undefined;
    if (channels === 1 || channels === 3) return { layout: chosen, channels };
    if (channels !== undefined) {
      throw notAnImage(`it has ${channels} channels (${chosen}), a scan needs 1 (grey) or 3 (colour)`);
    }
  } else if (typeof at(1) === 'number' && typeof at(3) === 'number') {
    const transparent = at(1) === 4 || at(3) === 4;
    throw notAnImage(
      transparent
        ? 'it has 4 channels, a scan needs 1 (grey) or 3 (colour)'
        : 'neither axis 1 nor axis 3 has 1 (grey) or 3 (colour) channels',
    );
  }
  throw new ScanError(
    'model-ambiguous',
    `${source}: input ${printValueInfo(input)} does not tell its channels. Export the model with a fixed channel axis`,
  );
}

function byShape(second: Dim, fourth: Dim, hint: Layout | undefined): Layout | undefined {
  const first = isChannels(second);
  const last = isChannels(fourth);
  if (first !== last) return first ? 'NCHW' : 'NHWC';
  if (first) return hint ?? 'NCHW';
  // Axes of unknown size: what the graph does with them decides, unless the size it needs is known and another.
  if (hint === 'NCHW' && typeof second === 'number') return undefined;
  if (hint === 'NHWC' && typeof fourth === 'number') return undefined;
  return hint;
}

function isChannels(dim: Dim): boolean {
  return dim === 1 || dim === 3;
}

/** What the first Conv or Transpose behind the input says. */
function usedAs(graph: Graph, input: string): { layout: Layout; channels: number | undefined } | undefined {
  const carriers = new Set([input]);
  let permuted: Layout | undefined;
  for (const node of graph.nodes) {
    const [data, weight] = node.inputs;
    if (node.domain !== '' || !node.inputs.some((name) => carriers.has(name))) continue;
    if (node.op === 'Conv' && carriers.has(data ?? '')) {
      return { layout: permuted ?? 'NCHW', channels: convChannels(graph, node, weight) };
    }
    if (node.op === 'Transpose' && permuted === undefined) {
      permuted = layoutBefore(intsOf(node, 'perm', []));
      if (permuted === undefined) return undefined;
      carriers.clear();
      carriers.add(node.outputs[0] ?? '');
    } else if (elementWise.has(node.op)) {
      carriers.add(node.outputs[0] ?? '');
    }
  }
  return permuted && { layout: permuted, channels: undefined };
}

function layoutBefore(perm: readonly number[]): Layout | undefined {
  if (perm.length !== 4) return undefined;
  if (perm[1] === 3) return 'NHWC';
  return perm[3] === 1 ? 'NCHW' : undefined;
}

/** Input channels of a Conv: its weight is [M, C / group, kernel...]. */
function convChannels(graph: Graph, node: Node, weight: string | undefined): number | undefined {
  const perGroup = graph.initializers.get(weight ?? '')?.dims[1];
  return perGroup === undefined ? undefined : perGroup * intOf(node, 'group', 1);
}

/** Pre-processing keeps the axes in place. */
const elementWise: ReadonlySet<string> = new Set([
  'Add',
  'Cast',
  'Clip',
  'Div',
  'Identity',
  'Mul',
  'Pad',
  'Pow',
  'Resize',
  'Sub',
]);
