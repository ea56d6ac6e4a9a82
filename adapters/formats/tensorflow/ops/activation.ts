import type { Convert, OpContext } from '../context.js';
import { typed } from './elementwise.js';

/** Activations by the name that fused ops have for them; those with an attribute of their own read it from the node. */
export const activations: Readonly<Record<string, (c: OpContext, x: string) => string>> = {
  Relu: (c, x) => c.emit.op('Relu', [x]),
  Relu6: (c, x) => {
    const dtype = c.dtype('T');
    return c.emit.op('Clip', [x, typed(c, 0, dtype), typed(c, 6, dtype)]);
  },
  LeakyRelu: (c, x) =>
    c.emit.op('LeakyRelu', [x], { alpha: { float: c.float('alpha', c.float('leakyrelu_alpha', 0.2)) } }),
  Elu: (c, x) => c.emit.op('Elu', [x], { alpha: { float: 1 } }),
  Selu: (c, x) => c.emit.op('Selu', [x]),
  Sigmoid: (c, x) => c.emit.op('Sigmoid', [x]),
  Tanh: (c, x) => c.emit.op('Tanh', [x]),
  Softplus: (c, x) => c.emit.op('Softplus', [x]),
  Softsign: (c, x) => c.emit.op('Softsign', [x]),
  Softmax: (c, x) => c.emit.op('Softmax', [x], { axis: -1 }),
  LogSoftmax: (c, x) => c.emit.op('LogSoftmax', [x], { axis: -1 }),
  GeluExact: (c, x) => c.emit.op('Gelu', [x], { approximate: 'none' }),
  GeluApproximate: (c, x) => c.emit.op('Gelu', [x], { approximate: 'tanh' }),
};

export function activation(name: string): Convert {
  return (c) => activations[name]!(c, c.input(0));
}

/** Prelu of TF.js: the slope is broadcast. */
export function prelu(c: OpContext, x = c.input(0), slope = c.input(1)): string {
  return c.emit.op('PRelu', [x, slope]);
}
