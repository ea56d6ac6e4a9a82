import type { Value } from '../build.js';
import { axisOf, type LayerCall, type LayerRule, type Operand, type RuleTable } from '../layer.js';
import { reduction } from '../operations/arithmetic.js';
import { operandValues } from '../operations/operands.js';

const mean = reduction('ReduceMean');

/** Layers and operations of the same name: operands are tensors or numbers. */
function merge(op: string): LayerRule {
  return (call) => {
    const [first, second, ...rest] = aligned(call);
    if (!first) return call.fail('takes no tensor');
    if (!second) return first;
    return rest.reduce((a, b) => call.build.binary(op, a, b), call.build.binary(op, first, second));
  };
}

const average: LayerRule = (call) => {
  // The operation of this name is a mean along axes.
  if (call.isOperation) return call.inputs.length === 1 ? mean(call) : call.refuse('averages with weights');
  const values = aligned(call);
  const sum = values
    .slice(1)
    .reduce((a, b) => call.build.binary('Add', a, b), values[0] ?? call.fail('takes no tensor'));
  return values.length === 1 ? sum : call.build.binary('Mul', sum, call.build.number(1 / values.length));
};

/** The layers broadcast operands of lower rank behind the batch, the operations in front as NumPy does. */
function aligned(call: LayerCall): Value[] {
  const values = operandValues(call);
  const rank = Math.max(...values.map(({ dims }) => dims.length));
  if (call.isOperation) return values;
  return values.map((value) =>
    value.dims.length === rank || value.dims.length === 0
      ? value
      : call.build.reshape(value, [
          value.dims[0]!,
          ...new Array<number>(rank - value.dims.length).fill(1),
          ...value.dims.slice(1),
        ]),
  );
}

const concatenate: LayerRule = (call) => {
  const [first, ...rest] = call.inputs;
  if (!first) return call.fail('takes no tensor');
  const axis = axisOf(call, axisSetting(call), first.dims);
  for (const { dims } of rest) {
    const fits = dims.length === first.dims.length && dims.every((dim, i) => i === axis || same(dim, first.dims[i]!));
    if (!fits) call.fail('joins tensors whose other axes differ');
  }
  return rest.length === 0 ? first : call.build.concat(call.inputs, axis);
};

function axisSetting({ settings, args, options }: LayerCall): number {
  const option: Operand | undefined = options.get('axis') ?? (args[1]?.kind === 'constant' ? args[1] : undefined);
  if (option?.kind === 'constant' && typeof option.value === 'number') return option.value;
  return settings.integer('axis', -1);
}

function same(a: number | null, b: number | null): boolean {
  return a === null || b === null || a === b;
}

/** The sum of products along one axis of each, the batch being common. */
const dot: LayerRule = (call) => {
  const [a, b, ...rest] = call.inputs;
  if (call.isOperation || !a || !b || rest.length > 0)
    return call.refuse('multiplies matrices in a way that is not supported');
  const axes = call.settings.integers('axes');
  const [first, second] = [a, b].map(({ dims }, i) => axisOf(call, axes[i] ?? axes[0]!, dims));
  if (first === 0 || second === 0 || a.dims.length + b.dims.length > 12) return call.fail('sums over the batch');
  const letters = (dims: Value['dims'], from: number, summed: number): string[] =>
    dims.map((_, i) => (i === 0 ? 'a' : i === summed ? 'z' : String.fromCharCode(97 + from + i)));
  const normal = (x: Value, axis: number): Value =>
    call.settings.flag('normalize', false)
      ? call.build.binary(
          'Div',
          x,
          call.build.unary(
            'Sqrt',
            call.build.binary('Max', call.build.reduce('ReduceSumSquare', x, [axis], true), call.build.number(1e-12)),
          ),
        )
      : x;
  const [left, right] = [letters(a.dims, 0, first!), letters(b.dims, a.dims.length - 1, second!)];
  const kept = [...left.slice(1), ...right.slice(1)].filter((letter) => letter !== 'z').join('');
  const dims = [
    a.dims[0]!,
    ...a.dims.filter((_, i) => i > 0 && i !== first),
    ...b.dims.filter((_, i) => i > 0 && i !== second),
  ];
  const operands = [normal(a, first!), normal(b, second!)];
  const product = call.build.op('Einsum', operands, dims, {
    equation: `${left.join('')},${right.join('')}->a${kept}`,
  });
  return dims.length === 1 ? call.build.reshape(product, [dims[0]!, 1]) : product;
};

export const mergeLayers: RuleTable = {
  Add: merge('Add'),
  Subtract: merge('Sub'),
  Multiply: merge('Mul'),
  Maximum: merge('Max'),
  Minimum: merge('Min'),
  Average: average,
  Concatenate: concatenate,
  Dot: dot,
};
