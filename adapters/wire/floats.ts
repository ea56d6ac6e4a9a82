/** The bytes of float32 values, little-endian as every engine's platform is; every bit stays, those of NaN included. */
export function littleEndian(data: Float32Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** A copy, because a message starts at any address and a Float32Array only at multiples of four. */
export function floatsOf(bytes: Uint8Array): Float32Array {
  return new Float32Array(Uint8Array.from(bytes).buffer);
}
