import { intsOf, stringOf } from './attributes.js';
import { codeOfDType } from './dtypes.js';
import type { Attribute, Node } from './graph.js';
import type { OpCall } from './shapes/call.js';
import { slidingWindows, transposedWindows } from './shapes/windows.js';
import type { Windows } from './shapes/windows.js';

/**
 * The same computation in the form with the fewest cases, once shapes are known:
 * - CastLike needs its second input for the type alone; as a Cast the graph loses a false dependency.
 * - `auto_pad` and ConvTranspose's `output_shape` become explicit pads. Engines differ from ONNX where SAME_* meets a
 *   dilation or a stride larger than the kernel.
 */
export function canonical(call: OpCall): Node {
  const { node, types } = call;
  if (node.op === 'CastLike' && node.domain === '') {
    const to: Attribute = { type: 'int', value: codeOfDType(types[1]!.dtype) };
    return { ...node, op: 'Cast', inputs: [node.inputs[0]!], attributes: new Map(node.attributes).set('to', to) };
  }
  const weight = weightInput[node.op];
  if (weight === undefined) return node;
  const given = stringOf(node, 'auto_pad', 'NOTSET') || 'NOTSET';
  const shaped = node.op === 'ConvTranspose' && intsOf(node, 'output_shape', []).length > 0;
  if (given === 'NOTSET' && !shaped) return node;
  const spatial = types[0]!.dims.slice(2);
  const kernel = weight === 'kernel_shape' ? intsOf(node, 'kernel_shape', []) : types[weight]!.dims.slice(2);
  const windows = (node.op === 'ConvTranspose' ? transposedWindows : slidingWindows)(call, spatial, kernel);
  const attributes = new Map(node.attributes);
  attributes.delete('auto_pad');
  attributes.delete('output_shape');
  attributes.set('pads', { type: 'ints', value: [...windows.padBegin, ...windows.padEnd] });
  const explicit = { ...node, attributes };
  // An output_shape larger than the windows reach has no form in pads.
  return shaped && !sameOutput(transposedWindows({ ...call, node: explicit }, spatial, kernel), windows)
    ? node
    : explicit;
}

/** Where the ops with windows have their kernel: the weight's spatial dims, or an attribute. */
const weightInput: Readonly<Record<string, number | 'kernel_shape'>> = {
  Conv: 1,
  ConvInteger: 1,
  ConvTranspose: 1,
  FusedConv: 1,
  QLinearConv: 3,
  AveragePool: 'kernel_shape',
  LpPool: 'kernel_shape',
  MaxPool: 'kernel_shape',
};

function sameOutput(a: Windows, b: Windows): boolean {
  return a.output.join() === b.output.join();
}
