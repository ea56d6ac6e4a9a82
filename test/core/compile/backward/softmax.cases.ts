import { one, x, type GradientCase } from '../../../support/gradient-case.js';

export const softmaxCases: readonly GradientCase[] = ['Softmax', 'LogSoftmax'].flatMap((op) => [
  one(op, 'last axis by default', [x('N', 4)]),
  one(op, 'axis 1', [x('N', 4, 3)], { axis: 1 }),
  one(op, 'the batch axis', [x('N', 4)], { axis: 0 }),
  one(op, 'negative axis', [x('N', 2, 3, 2)], { axis: -3 }),
  one(op, 'axis of extent 1', [x('N', 1, 3)], { axis: 1 }),
  one(op, 'opset 12 flattens from the axis on', [x('N', 2, 3)], { axis: 1 }, { opset: 12 }),
  one(op, 'opset 11, axis 2', [x('N', 2, 3)], { axis: 2 }, { opset: 11 }),
  one(op, 'opset 11, axis 0', [x('N', 2, 3)], { axis: 0 }, { opset: 11 }),
]);
