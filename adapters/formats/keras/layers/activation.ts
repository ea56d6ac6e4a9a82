import { float32 } from '../../../../core/onnx/tensor.js';
import { activations } from '../activations.js';
import { broadcast, type Value } from '../build.js';
import { axisOf, input, type LayerCall, type LayerRule, type RuleTable } from '../layer.js';
import { isObject } from '../settings.js';

/** The `activation` of a layer: a name, or a function or layer of Keras as JSON. */
export function activate(call: LayerCall, x: Value, key = 'activation'): Value {
  const given = call.settings.raw(key);
  if (given === undefined) return x;
  const { name, settings } =
    typeof given === 'string' ? { name: given, settings: undefined } : described(call, given, key);
  const own = settings ? { ...call, settings } : call;
  if (Object.hasOwn(activations, name)) return activations[name]!(own, x);
  // An activation that is a layer, written into another.
  if (settings && Object.hasOwn(activationLayers, name)) {
    const result = activationLayers[name]!({ ...own, inputs: [x] });
    if ('name' in result) return result;
  }
  return call.refuse(`has the activation '${name}', which is not supported`);
}

function described(
  call: LayerCall,
  given: unknown,
  key: string,
): { name: string; settings: LayerCall['settings'] | undefined } {
  if (!isObject(given)) return call.fail(`has an '${key}' that is no name`);
  const outer = call.settings.object(key);
  const className = outer.text('class_name', '');
  const module = outer.text('module', 'keras');
  const registered = outer.text('registered_name', '');
  const config = outer.raw('config');
  const name = typeof config === 'string' ? config : className;
  const custom = registered.includes('>') && !Object.hasOwn(activations, name);
  if (!/^(builtins|(tf_)?keras)(\.|$)/.test(module) || custom || className === '__lambda__')
    return call.refuse(
      `has the activation '${registered || name}', a Python function that is not part of the file and is never run`,
    );
  return { name, settings: isObject(config) ? outer.object('config') : undefined };
}

/** max_value where x >= max_value; x between; negative_slope * (x - threshold) below the threshold. */
function relu(call: LayerCall, x: Value): Value {
  const { settings, build } = call;
  const threshold = settings.number('threshold', 0);
  const slope = settings.number('negative_slope', 0);
  const max = settings.has('max_value') ? settings.number('max_value') : undefined;
  if (threshold === 0 && slope === 0)
    return max === undefined
      ? build.unary('Relu', x)
      : build.op('Clip', [x, build.number(0), build.number(max)], x.dims);
  let result: Value;
  if (threshold === 0) result = build.unary('LeakyRelu', x, { alpha: { float: slope } });
  else {
    result = build.unary('ThresholdedRelu', x, { alpha: { float: threshold } });
    if (slope !== 0) {
      const below = build.unary('Relu', build.binary('Sub', build.number(threshold), x));
      result = build.binary('Sub', result, build.binary('Mul', below, build.number(slope)));
    }
  }
  return max === undefined ? result : build.binary('Min', result, build.number(max));
}

const leakyRelu: LayerRule = (call) => {
  // Keras 3 calls it negative_slope, Keras 2 alpha.
  const alpha = call.settings.number('negative_slope', call.settings.number('alpha', 0.3));
  return call.build.unary('LeakyRelu', input(call), { alpha: { float: alpha } });
};

/** Slopes have the shape of the input without the batch; 1 along shared axes. */
const prelu: LayerRule = (call) => {
  const x = input(call);
  const [alpha] = call.variables(['alpha']);
  if (alpha!.dims.length !== x.dims.length - 1) call.fail('has slopes of another rank than its input');
  broadcast(x.dims.slice(1), alpha!.dims, call.fail);
  const slope = call.once('alpha', () => float32([1, ...alpha!.dims], alpha!.data as Float32Array));
  return call.build.op('PRelu', [x, slope], x.dims);
};

const softmax: LayerRule = (call) => {
  const { build } = call;
  const x = input(call);
  const axes = call.settings.integers('axis', [-1]).map((axis) => axisOf(call, axis, x.dims));
  if (axes.includes(0)) return call.refuse('is a Softmax over the batch');
  if (axes.length === 1) return build.unary('Softmax', x, { axis: axes[0]! });
  return build.unary('Exp', build.binary('Sub', x, build.reduce('ReduceLogSumExp', x, axes, true)));
};

export const activationLayers: RuleTable = {
  Activation: (call) => activate(call, input(call)),
  ReLU: (call) => relu(call, input(call)),
  LeakyReLU: leakyRelu,
  PReLU: prelu,
  ELU: (call) => call.build.unary('Elu', input(call), { alpha: { float: call.settings.number('alpha', 1) } }),
  ThresholdedReLU: (call) =>
    call.build.unary('ThresholdedRelu', input(call), { alpha: { float: call.settings.number('theta', 1) } }),
  Softmax: softmax,
};
