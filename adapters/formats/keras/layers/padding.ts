import { ints } from '../../../../core/onnx/tensor.js';
import { channelsFirst, input, type LayerCall, type LayerRule, type RuleTable } from '../layer.js';
import { isWhole } from '../settings.js';

function zeroPadding(rank: number): LayerRule {
  return (call) => {
    const x = input(call);
    const amounts = pairs(call, 'padding', rank);
    const first = firstSpatial(call, rank);
    const dims = x.dims.map((dim, axis) => {
      const [before, after] = amounts[axis - first] ?? [0, 0];
      return dim === null ? null : dim + before + after;
    });
    const at = (side: 0 | 1): number[] => x.dims.map((_, axis) => amounts[axis - first]?.[side] ?? 0);
    return call.build.op('Pad', [x, call.build.constant(ints(...at(0), ...at(1)))], dims);
  };
}

function cropping(rank: number): LayerRule {
  return (call) => {
    const x = input(call);
    const amounts = pairs(call, 'cropping', rank);
    const first = firstSpatial(call, rank);
    return call.build.slice(
      x,
      amounts.map((_, i) => first + i),
      amounts.map(([before]) => before),
      amounts.map(([, after]) => (after === 0 ? 2 ** 31 - 1 : -after)),
    );
  };
}

function firstSpatial(call: LayerCall, rank: number): number {
  const x = input(call);
  if (x.dims.length !== rank + 2) call.fail(`takes a tensor of ${x.dims.length} axes instead of ${rank + 2}`);
  return rank > 1 && channelsFirst(call) ? 2 : 1;
}

/** A number for all, a number per axis, or [before, after] per axis; for one axis [before, after] alone. */
function pairs(call: LayerCall, key: string, rank: number): (readonly [number, number])[] {
  const given = call.settings.raw(key) ?? 1;
  const amount = (value: unknown): number =>
    isWhole(value) && value >= 0 && value < 2 ** 20 ? value : call.fail(`has a '${key}' that is no amount`);
  const pair = (value: unknown): readonly [number, number] =>
    Array.isArray(value) && value.length === 2 ? [amount(value[0]), amount(value[1])] : [amount(value), amount(value)];
  if (rank === 1) return [pair(given)];
  if (!Array.isArray(given)) return new Array<unknown>(rank).fill(given).map(pair);
  return given.length === rank ? given.map(pair) : call.fail(`has a '${key}' for ${given.length} axes`);
}

export const paddingLayers: RuleTable = {
  ZeroPadding1D: zeroPadding(1),
  ZeroPadding2D: zeroPadding(2),
  ZeroPadding3D: zeroPadding(3),
  Cropping1D: cropping(1),
  Cropping2D: cropping(2),
  Cropping3D: cropping(3),
};
