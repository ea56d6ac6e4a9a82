import { crc32 } from 'node:zlib';

/**
 * Weights that need no file: the value of each is a hash of its tensor's name and its own place, of the size that trained ones
 * have. `spread` of test/fixtures/safetensors/make.py gives the same numbers.
 */
export function spreadWeights(name: string, dims: readonly number[]): Float32Array {
  const count = dims.reduce((product, size) => product * size, 1);
  const seed = crc32(name);
  const perOutput = count / (dims[0] ?? 1);
  const [middle, factor] = rangeOf(name, dims.length, perOutput);
  return Float32Array.from(
    { length: count },
    (_, i) => middle + factor * unit((Math.imul(i, 0x9e3779b1) + seed) >>> 0),
  );
}

/** A safetensors file of such weights. */
export function spreadFile(shapes: Readonly<Record<string, readonly number[]>>): Uint8Array {
  const header: Record<string, unknown> = {};
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    const data = spreadWeights(name, shape);
    header[name] = { dtype: 'F32', shape, data_offsets: [at, (at += data.byteLength)] };
    parts.push(new Uint8Array(data.buffer));
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, ...parts]);
}

function rangeOf(name: string, rank: number, perOutput: number): readonly [number, number] {
  if (name.endsWith('running_var')) return [1, 0.5];
  if (rank >= 2) return [0, Math.sqrt(12 / perOutput)];
  return name.endsWith('weight') ? [1, 0.5] : [0, 0.5];
}

/** From -0.5 to 0.5. The finalizer of MurmurHash3. */
function unit(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32 - 0.5;
}
