import { intOf, stringOf } from '../attributes.js';
import { input, malformed } from './call.js';
import type { ShapeRule } from './call.js';

/** LSTM, GRU, RNN: all hidden states, the last hidden state and, for LSTM, the last cell state. `layout` 1 (opset 14) puts the batch first. */
export const recurrent: ShapeRule = (call) => {
  const [data, recurrence] = [input(call, 0), input(call, 2)];
  const batchFirst = intOf(call.node, 'layout', 0) !== 0;
  const [first, second] = data.dims;
  if (data.dims.length !== 3) throw malformed(call, `needs an input with 3 axes, not ${data.dims.length}`);
  const directions = stringOf(call.node, 'direction', 'forward') === 'bidirectional' ? 2 : 1;
  const hidden = intOf(call.node, 'hidden_size', undefined) ?? recurrence.dims.at(-1) ?? 0;
  const { dtype } = data;
  const [steps, batch] = batchFirst ? [second!, first!] : [first!, second!];
  const last = { dtype, dims: batchFirst ? [batch, directions, hidden] : [directions, batch, hidden] };
  const all = { dtype, dims: batchFirst ? [batch, steps, directions, hidden] : [steps, directions, batch, hidden] };
  return [all, last, last];
};

/** Query, key, value: either [batch, heads, length, size] or [batch, length, heads * size]. */
export const attention: ShapeRule = (call) => {
  const [query, key, value] = [input(call, 0), input(call, 1), input(call, 2)];
  const flat = query.dims.length === 3;
  if ((!flat && query.dims.length !== 4) || key.dims.length !== query.dims.length) {
    throw malformed(call, `attends with [${query.dims.join(', ')}] to [${key.dims.join(', ')}]`);
  }
  const queryHeads = flat ? intOf(call.node, 'q_num_heads', 0) : query.dims[1]!;
  const keyHeads = flat ? intOf(call.node, 'kv_num_heads', 0) : key.dims[1]!;
  if (queryHeads < 1 || keyHeads < 1) throw malformed(call, 'lacks q_num_heads or kv_num_heads');
  const perHead = (dims: readonly number[], heads: number) =>
    flat ? [dims[0]!, heads, dims[1]!, dims[2]! / heads] : [...dims];
  const [q, k, v] = [perHead(query.dims, queryHeads), perHead(key.dims, keyHeads), perHead(value.dims, keyHeads)];
  const past = call.types[4]?.dims[2] ?? 0;
  const total = k[2]! + past;
  const { dtype } = query;
  return [
    { dtype, dims: flat ? [q[0]!, q[2]!, queryHeads * v[3]!] : [q[0]!, queryHeads, q[2]!, v[3]!] },
    { dtype, dims: k.with(2, total) },
    { dtype: value.dtype, dims: v.with(2, total) },
    { dtype, dims: [q[0]!, queryHeads, q[2]!, total] },
  ];
};

export const sequenceShapes: Readonly<Record<string, ShapeRule>> = {
  LSTM: recurrent,
  GRU: recurrent,
  RNN: recurrent,
  Attention: attention,
  RotaryEmbedding: (call) => [input(call, 0)],
};
