import type { BackwardRule } from './rule.js';

/** A permutation of the input: undone by reshape, transpose, reshape. */
export const depthToSpace: BackwardRule = (c) => {
  const [, channels, height, width] = c.dims(c.input(0)) as [number, number, number, number];
  const block = c.int('blocksize', 1);
  const depth = channels / (block * block);
  const dY = c.dY();
  const apart = c.emit.reshape(dY.name, [-1, depth, height, block, width, block]);
  const perm = c.text('mode', 'DCR') === 'CRD' ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4];
  const dims = [dY.dims[0]!, channels, height, width];
  return [{ name: c.emit.reshape(c.emit.transpose(apart, perm), [-1, ...dims]), dims }];
};

/** The inverse of DepthToSpace in the same mode. */
export const spaceToDepth: BackwardRule = (c) => {
  const [, channels, height, width] = c.dims(c.input(0)) as [number, number, number, number];
  const block = c.int('blocksize', 1);
  const dY = c.dY();
  const [rows, columns] = [height / block, width / block];
  const isCrd = c.text('mode', 'DCR') === 'CRD';
  const apart = isCrd ? [-1, channels, block, block, rows, columns] : [-1, block, block, channels, rows, columns];
  const perm = isCrd ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2];
  const dims = [dY.dims[0]!, channels, height, width];
  return [{ name: c.emit.reshape(c.emit.transpose(c.emit.reshape(dY.name, apart), perm), [-1, ...dims]), dims }];
};
