import type { EncodeImage } from '../../core/report/format.js';

/** Stands for a picture in goldens: its shape, colours and a checksum (FNV-1a) of its values in thousandths. */
export const fakeEncoder: EncodeImage = (plane, { colours = 'default', scale = 1 }) => {
  let hash = 0x811c9dc5;
  for (const value of plane.data) hash = Math.imul(hash ^ Math.round(value * 1000), 0x01000193) >>> 0;
  const name = `${plane.dims.join('x')}-${colours}-${scale}-${hash.toString(16)}`;
  return Promise.resolve(`data:image/png;base64,${name}`);
};
