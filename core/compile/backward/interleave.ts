import type { Emitter } from '../emit.js';

/**
 * Puts the phases of a strided grid side by side: element (q, a) of every spatial axis goes to position q stride + a.
 *
 * @param value [n, channels x phases, ...cells]; phases are row-major over the spatial axes.
 * @param order whether the channel axis counts channels first (`channel-major`) or phases first (`phase-major`).
 * @returns [n, channels, ...cells x strides]
 */
export function interleave(
  emit: Emitter,
  value: string,
  channels: number,
  cells: readonly number[],
  strides: readonly number[],
  order: 'channel-major' | 'phase-major',
): string {
  if (strides.every((stride) => stride === 1)) return value;
  const result = cells.map((count, i) => count * strides[i]!);
  const rank = cells.length;
  if (rank === 2 && strides[0] === strides[1]) {
    const mode = order === 'channel-major' ? 'CRD' : 'DCR';
    return emit.op('DepthToSpace', [value], { blocksize: strides[0]!, mode });
  }
  const split = order === 'channel-major' ? [channels, ...strides] : [...strides, channels];
  const apart = emit.reshape(value, [-1, ...split, ...cells]);
  const channelAxis = order === 'channel-major' ? 1 : 1 + rank;
  const phaseAxis = order === 'channel-major' ? 2 : 1;
  const perm = [0, channelAxis, ...cells.flatMap((_, i) => [2 + rank + i, phaseAxis + i])];
  return emit.reshape(emit.transpose(apart, perm), [-1, channels, ...result]);
}
