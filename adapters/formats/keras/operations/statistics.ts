import type { Value } from '../build.js';
import type { LayerCall, LayerRule } from '../layer.js';
import { axesParameter, first, numberParameter, parameter } from './operands.js';

/** Mean of the squared distances to the mean, or its root. */
export function variance(root: boolean): LayerRule {
  return (call) => {
    const { build } = call;
    const x = first(call);
    const axes = ownAxes(call, x);
    const centred = build.binary('Sub', x, build.reduce('ReduceMean', x, axes, true));
    const mean = build.reduce(
      'ReduceMean',
      build.binary('Mul', centred, centred),
      axes,
      parameter(call, 'keepdims', 2) === true,
    );
    return root ? build.unary('Sqrt', mean) : mean;
  };
}

/** x / max(|x|, epsilon) in the Euclidean norm; TensorFlow's epsilon is of the square. */
export function normalised(epsilon: number, ofSquare: boolean): LayerRule {
  return (call) => {
    const { build } = call;
    const x = first(call);
    if ((parameter(call, 'order') ?? 2) !== 2) return call.refuse('normalises by another norm than the Euclidean');
    const least = numberParameter(call, 'epsilon', epsilon);
    const squares = build.reduce('ReduceSumSquare', x, ownAxes(call, x), true);
    const length = build.unary('Sqrt', build.binary('Max', squares, build.number(ofSquare ? least : least ** 2)));
    return build.binary('Div', x, length);
  };
}

function ownAxes(call: LayerCall, x: Value): number[] {
  const axes = axesParameter(call, x, ['axis', 'axes'], 1);
  return axes.includes(0) ? call.refuse('reduces over the batch') : axes;
}
