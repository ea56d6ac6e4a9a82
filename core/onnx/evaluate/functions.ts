/** Ties go to the even neighbour, as IEEE 754 and ONNX Round have it. */
export function roundHalfEven(x: number): number {
  const tie = x - Math.floor(x) === 0.5;
  return tie ? 2 * Math.round(x / 2) : Math.round(x);
}

/**
 * Error function to double precision: erf x = 2/sqrt(pi) exp(-x^2) sum_n 2^n x^(2n+1) / (2n+1)!!
 * (Abramowitz and Stegun 7.1.6). All terms have one sign, so nothing cancels.
 */
export function erf(x: number): number {
  if (Number.isNaN(x)) return x;
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}
