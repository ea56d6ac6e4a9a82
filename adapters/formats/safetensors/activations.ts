import { scalar } from '../../../core/onnx/tensor.js';
import { unsupported } from './config.js';
import type { Net } from './net.js';

/**
 * An activation by the name that Transformers (`ACT2FN`) and timm give it.
 * @throws ScanError `model-unsupported-format` naming those that there are.
 */
export function activate(net: Net, x: string, path: string, name: string): string {
  const write = activations.get(name);
  if (write) return write(net, x, path);
  throw unsupported(
    `${path}: the activation '${name.slice(0, 60)}' is not supported; supported: ${[...activations.keys()].join(', ')}`,
  );
}

type Activation = (net: Net, x: string, path: string) => string;

function plain(op: string, attributes = {}): Activation {
  return (net, x, path) => net.op(path, op, [x], attributes);
}

/** x * gate(factor * x). */
function gated(op: string, factor = 1): Activation {
  return (net, x, path) => net.mul(x, net.op(path, op, [net.scale(x, factor, path)]), path);
}

const relu6: Activation = (net, x, path) =>
  net.op(path, 'Clip', [x, net.emit.constant(scalar(0)), net.emit.constant(scalar(6))]);

const tanhGelu = plain('Gelu', { approximate: 'tanh' });

const activations: ReadonlyMap<string, Activation> = new Map<string, Activation>([
  ['relu', plain('Relu')],
  ['relu6', relu6],
  ['gelu', plain('Gelu')],
  ['gelu_python', plain('Gelu')],
  ['gelu_new', tanhGelu],
  ['gelu_fast', tanhGelu],
  ['gelu_tanh', tanhGelu],
  ['gelu_pytorch_tanh', tanhGelu],
  ['quick_gelu', gated('Sigmoid', 1.702)],
  ['silu', gated('Sigmoid')],
  ['swish', gated('Sigmoid')],
  ['hardswish', plain('HardSwish')],
  ['hard_swish', plain('HardSwish')],
  // PyTorch's slope is 1/6, ONNX's default 0.2.
  ['hardsigmoid', plain('HardSigmoid', { alpha: { float: 1 / 6 } })],
  ['hard_sigmoid', plain('HardSigmoid', { alpha: { float: 1 / 6 } })],
  ['sigmoid', plain('Sigmoid')],
  ['tanh', plain('Tanh')],
  ['mish', plain('Mish')],
  ['elu', plain('Elu')],
  ['leaky_relu', plain('LeakyRelu', { alpha: { float: 0.01 } })],
  ['linear', (_net, x) => x],
]);
