import { expectShape, input, known, type LayerRule } from '../layer.js';
import { permuted } from '../permute.js';
import { activate } from './activation.js';
import { axes, biasOf, biasValue } from './bias.js';
import { inChannelsFirst, windowOf } from './windows.js';

/**
 * Transposed convolution: the gradient of a convolution whose input has the size of the result, with that one's padding.
 * Kernels are [spatial..., out, in]; ONNX has [in, out, spatial...].
 *
 * Without `output_padding` "same" gives size * stride, "valid" size * stride + max(kernel - stride, 0); with it
 * (size - 1) * stride + kernel - 2 * (kernel / 2 for "same") + output_padding. (keras/src/backend/common/backend_utils.py)
 */
export function deconvolution(rank: number): LayerRule {
  return (call) => {
    const { settings, build } = call;
    const window = windowOf(call, rank, 'kernel_size', 1);
    const filters = settings.integer('filters');
    const given = settings.has('output_padding') ? settings.sizes('output_padding', rank) : undefined;
    const result = inChannelsFirst(call, input(call), rank, (x) => {
      const channels = known(call, x.dims, 1);
      const [kernel, bias] = call.variables(['kernel', ...biasOf(call)]);
      expectShape(call, kernel!, 'kernel', [...window.kernel, filters, channels]);
      const along = window.kernel.map((size, i) => {
        const stride = window.strides[i]!;
        const extent = (size - 1) * window.dilations[i]! + 1;
        // How much longer than `(size - 1) * stride + extent` the result is; shorter where negative.
        const same = given ? given[i]! - 2 * Math.floor(extent / 2) : stride - extent;
        const excess = window.padding === 'same' ? same : (given?.[i] ?? Math.max(0, stride - extent));
        return { stride, extent, excess };
      });
      const cut = along.map(({ excess }) => Math.max(0, -excess));
      const dims = along.map(({ stride, extent, excess }, i) => {
        const size = x.dims[i + 2] ?? null;
        return size === null ? null : (size - 1) * stride + extent + excess;
      });
      const weights = call.once('kernel', () => permuted(kernel!, [rank + 1, rank, ...axes(rank)]));
      return build.op('ConvTranspose', [x, weights, biasValue(call, bias, filters)], [x.dims[0]!, filters, ...dims], {
        strides: window.strides,
        dilations: window.dilations,
        pads: [...cut.map((amount) => Math.floor(amount / 2)), ...cut.map((amount) => Math.ceil(amount / 2))],
        output_padding: along.map(({ excess }) => Math.max(0, excess)),
      });
    });
    return activate(call, result);
  };
}
