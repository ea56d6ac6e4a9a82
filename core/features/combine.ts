/** Weights of sparse, smooth and persistent (paper, Table 6). */
export type CombineWeights = readonly [sparse: number, smooth: number, persistent: number];

/** `w_sp f_sparse + w_sm f_smooth + w_pe f_persistent` (paper, "Combined Feature"). */
export function combine(
  features: { readonly sparse: number; readonly smooth: number; readonly persistent: number },
  weights: CombineWeights,
): number {
  return weights[0] * features.sparse + weights[1] * features.smooth + weights[2] * features.persistent;
}
