import type { Tensor } from '../../onnx/graph.js';
import { numbersOf, sizeOf } from '../../onnx/tensor.js';
import { normalised } from './concat.js';
import type { BackwardContext } from './rule.js';

/** A constant index input. */
export function indicesOf(c: BackwardContext, i: number): Tensor {
  return c.constant(c.input(i)) ?? c.unsupported('indices that depend on the image');
}

/**
 * GatherElements, ScatterElements: for every index the flat element of the data it means, which is its own position with the
 * coordinate of `axis` replaced.
 */
export function elementIndices(c: BackwardContext, indices: Tensor, data: readonly number[]): Int32Array {
  const axis = normalised(c.int('axis', 0), data.length);
  const extent = data[axis]!;
  return Int32Array.from(numbersOf(indices), (index, i) => {
    let [rest, flat, scale] = [i, 0, 1];
    for (let k = data.length - 1; k >= 0; k--) {
      const own = rest % indices.dims[k]!;
      rest = Math.floor(rest / indices.dims[k]!);
      flat += (k === axis ? positive(index, extent) : own) * scale;
      scale *= data[k]!;
    }
    return flat;
  });
}

/**
 * GatherND, ScatterND: the last axis of the indices holds coordinates of slices of the data; for every element of those
 * slices the flat element of the data. With batch dims the leading axes are those of the data.
 */
export function sliceIndices(indices: Tensor, data: readonly number[], batchDims = 0): Int32Array {
  const depth = indices.dims.at(-1)!;
  const slice = sizeOf(data.slice(batchDims + depth));
  const perBatch = sizeOf(data.slice(batchDims));
  const tuples = indices.data.length / depth;
  const tuplesPerBatch = tuples / sizeOf(indices.dims.slice(0, batchDims));
  const values = numbersOf(indices);
  const result = new Int32Array(tuples * slice);
  for (let tuple = 0; tuple < tuples; tuple++) {
    let start = 0;
    for (let k = 0; k < depth; k++) {
      const extent = data[batchDims + k]!;
      start = start * extent + positive(values[tuple * depth + k]!, extent);
    }
    start = start * slice + Math.floor(tuple / tuplesPerBatch) * perBatch;
    for (let i = 0; i < slice; i++) result[tuple * slice + i] = start + i;
  }
  return result;
}

function positive(index: number, extent: number): number {
  return index < 0 ? index + extent : index;
}
