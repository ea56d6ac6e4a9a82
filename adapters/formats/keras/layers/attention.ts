import type { Tensor } from '../../../../core/onnx/graph.js';
import { float32, ints } from '../../../../core/onnx/tensor.js';
import type { Value } from '../build.js';
import {
  axisOf,
  expectShape,
  known,
  switchedOn,
  type LayerCall,
  type LayerRule,
  type Part,
  type RuleTable,
} from '../layer.js';

/**
 * Softmax(Q K' / sqrt(key_dim)) V with heads, between linear maps of query, key, value and result.
 * Kernels are [in, heads, size], that of the result [heads, size, out].
 */
const multiHeadAttention: LayerRule = (call) => {
  const { settings, build } = call;
  const given = operands(call);
  const [query, value, key] = given.map((x) => inOneAxis(call, x)) as typeof given;
  if (settings.flag('use_gate', false)) call.refuse('has a gate');
  const heads = settings.integer('num_heads');
  const size = settings.integer('key_dim');
  const valueSize = settings.integer('value_dim', size);
  if (heads < 1 || size < 1 || valueSize < 1) call.fail('has no heads');
  const bias = settings.flag('use_bias', true);

  const q = split(call, linear(call, query, part(call, 'query'), bias, [heads, size]), heads, size);
  const k = split(call, linear(call, key, part(call, 'key'), bias, [heads, size]), heads, size);
  const v = split(call, linear(call, value, part(call, 'value'), bias, [heads, valueSize]), heads, valueSize);
  const scaled = build.binary('Mul', q, build.number(1 / Math.sqrt(size)));
  const turned = build.transpose(k, [0, 1, 3, 2]);
  const scores = build.op('MatMul', [scaled, turned], [q.dims[0]!, heads, q.dims[2]!, k.dims[2]!]);
  const weights = build.unary('Softmax', scores, { axis: 3 });
  const mixed = build.op('MatMul', [weights, v], [q.dims[0]!, heads, q.dims[2]!, valueSize]);
  const joined = build.op(
    'Reshape',
    [build.transpose(mixed, [0, 2, 1, 3]), build.constant(ints(0, 0, heads * valueSize))],
    [q.dims[0]!, q.dims[2]!, heads * valueSize],
  );
  const out = settings.has('output_shape') ? settings.integers('output_shape') : [known(call, query.dims, 2)];
  if (out.length !== 1) call.refuse('gives a result of more than three axes');
  const [kernel, offset] = call.variables(
    ['kernel', ...(bias ? ['bias'] : [])],
    part(call, 'attention_output', 'output_dense'),
  );
  expectShape(call, kernel!, 'output kernel', [heads, valueSize, out[0]!]);
  const result = project(call, joined, 'output', flat(kernel!, heads * valueSize, out[0]!), offset, out[0]!);
  const places = given[0].dims.slice(1, -1);
  const shaped = places.length === 1 ? result : build.reshape(result, [query.dims[0]!, ...places, out[0]!]);
  return withScores(call) ? [shaped, weights] : shaped;
};

/** Attention over all axes between batch and features sees them as one. */
function inOneAxis(call: LayerCall, x: Value): Value {
  const places = x.dims.length - 2;
  if (places < 1) return call.fail(`attends over a tensor of ${x.dims.length} axes`);
  const all = Array.from({ length: places }, (_, i) => i + 1);
  const axes = call.settings.has('attention_axes') ? call.settings.integers('attention_axes') : all;
  const named = axes.map((axis) => axisOf(call, axis, x.dims)).sort((a, b) => a - b);
  if (named.join() !== all.join()) return call.refuse('attends over some of the axes between batch and features');
  if (places === 1) return x;
  const size = all.reduce((product, axis) => product * known(call, x.dims, axis), 1);
  return call.build.reshape(x, [x.dims[0]!, size, known(call, x.dims, places + 1)]);
}

/** The weights as a second result; of one axis only, because those of several have their shape. */
function withScores(call: LayerCall): boolean {
  if (!switchedOn(call, 'return_attention_scores')) return false;
  return operands(call)[0].dims.length === 3 || call.refuse('is called with return_attention_scores over several axes');
}

/** Keras 2 stores the parts under the names of attributes that are private. */
function part({ generation }: LayerCall, name: string, store = `${name}_dense`): Part {
  return { name, store: generation === 3 ? store : `_${store}` };
}

/** Query, value and key, which is the value where it is not given; they may be given by name. */
function operands(call: LayerCall): [Value, Value, Value] {
  for (const name of ['attention_mask', 'query_mask', 'value_mask', 'key_mask'])
    if (call.options.get(name)?.kind === 'tensor') call.refuse(`is given a ${name}`);
  if (switchedOn(call, 'use_causal_mask')) call.refuse('is called with use_causal_mask');
  const at = (place: number, name: string): Value | undefined => {
    const operand = call.args[place] ?? call.options.get(name);
    return operand?.kind === 'tensor' ? operand.value : undefined;
  };
  const [query, value] = [at(0, 'query'), at(1, 'value')];
  if (!query || !value) return call.fail('needs a query and a value');
  return [query, value, at(2, 'key') ?? value];
}

function linear(
  call: LayerCall,
  x: Value,
  own: Part,
  hasBias: boolean,
  [heads, size]: readonly [number, number],
): Value {
  const features = known(call, x.dims, 2);
  const [kernel, bias] = call.variables(['kernel', ...(hasBias ? ['bias'] : [])], own);
  expectShape(call, kernel!, `${own.name} kernel`, [features, heads, size]);
  if (bias) expectShape(call, bias, `${own.name} bias`, [heads, size]);
  return project(call, x, own.name, flat(kernel!, features, heads * size), bias, heads * size);
}

function project(
  call: LayerCall,
  x: Value,
  name: string,
  kernel: Tensor,
  bias: Tensor | undefined,
  size: number,
): Value {
  const { build } = call;
  const product = build.op('MatMul', [x, call.once(`${name}_kernel`, () => kernel)], [...x.dims.slice(0, -1), size]);
  if (!bias) return product;
  return build.binary(
    'Add',
    product,
    call.once(`${name}_bias`, () => float32([size], bias.data as Float32Array)),
  );
}

function flat(tensor: Tensor, rows: number, columns: number): Tensor {
  return { ...tensor, dims: [rows, columns] };
}

/** [N, places, heads * size] to [N, heads, places, size]. */
function split({ build }: LayerCall, x: Value, heads: number, size: number): Value {
  const [batch, places] = x.dims;
  const apart = build.op('Reshape', [x, build.constant(ints(0, 0, heads, size))], [batch!, places!, heads, size]);
  return build.transpose(apart, [0, 2, 1, 3]);
}

export const attentionLayers: RuleTable = { MultiHeadAttention: multiHeadAttention };
