import { floatOf, intOf } from '../attributes.js';
import { float32, numbersOf, sizeOf } from '../tensor.js';
import { constantAt, type Evaluator } from './call.js';

/**
 * Y = scale (X - mean) / sqrt(variance + epsilon) + bias per channel (axis 1). Exporters write weight standardisation of
 * normaliser-free networks as a BatchNormalization in training mode over the weights: the statistics are then those of X
 * itself, with the biased variance, and the running ones are returned too.
 */
const batchNormalization: Evaluator = (call, types) => {
  const x = constantAt(call, 0);
  if (x.dtype !== 'float32' || x.dims.length < 2) return undefined;
  const [scale, bias, mean, variance] = [1, 2, 3, 4].map((index) => numbersOf(constantAt(call, index)));
  const training = intOf(call.node, 'training_mode', 0) !== 0;
  const values = x.data as Float32Array;
  const channels = x.dims[1]!;
  const inner = sizeOf(x.dims.slice(2));
  const channelOf = (i: number): number => Math.floor(i / inner) % channels;

  const [ownMean, ownVariance] = training ? statistics(values, channels, channelOf) : [mean!, variance!];
  const gain = scale!.map((value, c) => value / Math.sqrt(ownVariance[c]! + floatOf(call.node, 'epsilon', 1e-5)));
  const y = values.map((value, i) => (value - ownMean[channelOf(i)]!) * gain[channelOf(i)]! + bias![channelOf(i)]!);
  const momentum = floatOf(call.node, 'momentum', 0.9);
  const running = (before: readonly number[], now: readonly number[]) =>
    float32(
      [channels],
      before.map((value, c) => value * momentum + now[c]! * (1 - momentum)),
    );
  return [float32(x.dims, y), running(mean!, ownMean), running(variance!, ownVariance)].slice(0, types.length);
};

/** Mean and biased variance per channel, in double precision. */
function statistics(values: Float32Array, channels: number, channelOf: (i: number) => number): [number[], number[]] {
  const count = values.length / channels;
  const mean = new Array<number>(channels).fill(0);
  values.forEach((value, i) => (mean[channelOf(i)]! += value / count));
  const variance = new Array<number>(channels).fill(0);
  values.forEach((value, i) => (variance[channelOf(i)]! += (value - mean[channelOf(i)]!) ** 2 / count));
  return [mean, variance];
}

export const normalizationEvaluators: Readonly<Record<string, Evaluator>> = { BatchNormalization: batchNormalization };
