import { channelsFirst, input, type LayerRule, type RuleTable } from '../layer.js';
import { axes } from './bias.js';
import { inChannelsFirst, slide, windowOf } from './windows.js';

/** Averages leave out the padding, as in TensorFlow. */
function pooling(rank: number, op: 'MaxPool' | 'AveragePool'): LayerRule {
  return (call) => {
    const { settings, build } = call;
    // Windows lie side by side where no stride is given.
    const window = windowOf(call, rank, 'pool_size', settings.sizes('pool_size', rank, 2));
    return inChannelsFirst(call, input(call), rank, (x) => {
      const { dims, attributes } = slide(call, x.dims, { ...window, dilations: window.kernel.map(() => 1) }, 0);
      return build.op(op, [x], dims.with(1, x.dims[1]!), { ...attributes, kernel_shape: window.kernel });
    });
  };
}

/** The function, which tells the number of axes by its input. */
export function poolingOperation(op: 'MaxPool' | 'AveragePool'): LayerRule {
  return (call) => pooling(input(call).dims.length - 2, op)(call);
}

function globalPooling(rank: number, op: 'ReduceMax' | 'ReduceMean'): LayerRule {
  return (call) => {
    const x = input(call);
    if (x.dims.length !== rank + 2) call.fail(`takes a tensor of ${x.dims.length} axes instead of ${rank + 2}`);
    const first = channelsFirst(call) ? 2 : 1;
    const spatial = axes(rank).map((axis) => axis + first);
    return call.build.reduce(op, x, spatial, call.settings.flag('keepdims', false));
  };
}

export const poolingLayers: RuleTable = {
  MaxPooling1D: pooling(1, 'MaxPool'),
  MaxPooling2D: pooling(2, 'MaxPool'),
  MaxPooling3D: pooling(3, 'MaxPool'),
  MaxPool1D: pooling(1, 'MaxPool'),
  MaxPool2D: pooling(2, 'MaxPool'),
  AveragePooling1D: pooling(1, 'AveragePool'),
  AveragePooling2D: pooling(2, 'AveragePool'),
  AveragePooling3D: pooling(3, 'AveragePool'),
  AvgPool1D: pooling(1, 'AveragePool'),
  AvgPool2D: pooling(2, 'AveragePool'),
  GlobalMaxPooling1D: globalPooling(1, 'ReduceMax'),
  GlobalMaxPooling2D: globalPooling(2, 'ReduceMax'),
  GlobalMaxPooling3D: globalPooling(3, 'ReduceMax'),
  GlobalMaxPool2D: globalPooling(2, 'ReduceMax'),
  GlobalAveragePooling1D: globalPooling(1, 'ReduceMean'),
  GlobalAveragePooling2D: globalPooling(2, 'ReduceMean'),
  GlobalAveragePooling3D: globalPooling(3, 'ReduceMean'),
  GlobalAvgPool2D: globalPooling(2, 'ReduceMean'),
};
