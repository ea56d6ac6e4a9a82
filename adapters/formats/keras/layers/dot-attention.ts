import type { Value } from '../build.js';
import { numbersOf } from '../../../../core/onnx/tensor.js';
import { expectShape, known, switchedOn, type LayerCall, type LayerRule, type RuleTable } from '../layer.js';

/** Softmax(scores of query and key) value. Takes [query, value] or [query, value, key], each [N, places, features]. */
function attention(scoresOf: (call: LayerCall, query: Value, key: Value) => Value): LayerRule {
  return (call) => {
    const { build, inputs } = call;
    const [query, value, key = value] = inputs;
    if (!query || !value || !key || inputs.length > 3) return call.fail('needs a query and a value');
    if ([query, value, key].some(({ dims }) => dims.length !== 3))
      return call.refuse('attends over tensors that are not [batch, places, features]');
    for (const name of ['return_attention_scores', 'use_causal_mask'])
      if (switchedOn(call, name)) return call.refuse(`is called with ${name}`);
    const weights = build.unary('Softmax', scoresOf(call, query, key), { axis: 2 });
    return build.op('MatMul', [weights, value], [query.dims[0]!, query.dims[1]!, value.dims[2]!]);
  };
}

/** Query times key, times a learnt number where `use_scale` says so. */
function product(call: LayerCall, query: Value, key: Value): Value {
  const { build, settings } = call;
  if (settings.text('score_mode', 'dot') !== 'dot') return call.refuse('has another score_mode than dot');
  const scores = build.op(
    'MatMul',
    [query, build.transpose(key, [0, 2, 1])],
    [query.dims[0]!, query.dims[1]!, key.dims[1]!],
  );
  if (!settings.flag('use_scale', false)) return scores;
  const [scale] = call.variables(['scale']);
  return build.binary('Mul', scores, build.number(numbersOf(scale!)[0] ?? call.fail('has no scale')));
}

/** sum(scale * tanh(query + key)) over the features. */
function sum(call: LayerCall, query: Value, key: Value): Value {
  const { build, settings } = call;
  const size = known(call, query.dims, 2);
  const rows = build.reshape(query, [query.dims[0]!, known(call, query.dims, 1), 1, size]);
  const columns = build.reshape(key, [key.dims[0]!, 1, known(call, key.dims, 1), size]);
  const mixed = build.unary('Tanh', build.binary('Add', rows, columns));
  if (!settings.flag('use_scale', true)) return build.reduce('ReduceSum', mixed, [3], false);
  const [scale] = call.variables(['scale']);
  expectShape(call, scale!, 'scale', [size]);
  const scaled = build.binary(
    'Mul',
    mixed,
    call.once('scale', () => scale!),
  );
  return build.reduce('ReduceSum', scaled, [3], false);
}

export const dotAttentionLayers: RuleTable = { Attention: attention(product), AdditiveAttention: attention(sum) };
