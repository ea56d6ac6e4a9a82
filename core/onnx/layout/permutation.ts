/** How axes are ordered: axis `i` of the result is axis `perm[i]` of what is transposed, as in ONNX's Transpose. */
export type Permutation = readonly number[];

export function identity(rank: number): Permutation {
  return Array.from({ length: rank }, (_, axis) => axis);
}

export function isIdentity(perm: Permutation): boolean {
  return perm.every((from, axis) => from === axis);
}

/** Transpose(Transpose(x, first), second) = Transpose(x, composed(first, second)). */
export function composed(first: Permutation, second: Permutation): Permutation {
  return second.map((axis) => first[axis]!);
}

export function inverse(perm: Permutation): Permutation {
  const result = new Array<number>(perm.length);
  perm.forEach((from, axis) => (result[from] = axis));
  return result;
}

/** The same order for a value that broadcasting gives more axes: new ones come in front and stay there. */
export function extended(perm: Permutation, rank: number): Permutation {
  const more = rank - perm.length;
  return more === 0 ? perm : [...identity(more), ...perm.map((axis) => axis + more)];
}

/** What is left of the order when those axes of the result are dropped. */
export function dropped(perm: Permutation, axes: readonly number[]): Permutation {
  const gone = new Set(axes);
  const kept = perm.filter((_, axis) => !gone.has(axis));
  const places = new Map([...kept].sort((a, b) => a - b).map((from, place) => [from, place]));
  return kept.map((from) => places.get(from)!);
}

export function permuted<T>(dims: readonly T[], perm: Permutation): T[] {
  return perm.map((axis) => dims[axis]!);
}

/** Whether transposing a value of these dims leaves its elements in place, because only axes of one element move. */
export function keepsElements(dims: readonly number[], perm: Permutation): boolean {
  let last = -1;
  for (const axis of perm) {
    if (dims[axis] === 1) continue;
    if (axis < last) return false;
    last = axis;
  }
  return true;
}
