export interface AdamSettings {
  readonly rate: number;
  readonly betas: readonly [number, number];
}

/** Keeps the result of a division by a zero second moment finite. */
const epsilon = 1e-8;

/** Adam (Kingma & Ba 2015) with bias correction; `step` moves `values` in place against the gradient. */
export function adam(values: Float64Array, { rate, betas: [beta1, beta2] }: AdamSettings) {
  const first = new Float64Array(values.length);
  const second = new Float64Array(values.length);
  let steps = 0;
  return {
    step(gradient: Float64Array): void {
      steps++;
      const correct1 = 1 - beta1 ** steps;
      const correct2 = 1 - beta2 ** steps;
      for (let i = 0; i < values.length; i++) {
        const g = gradient[i]!;
        first[i] = beta1 * first[i]! + (1 - beta1) * g;
        second[i] = beta2 * second[i]! + (1 - beta2) * g * g;
        values[i]! -= (rate * (first[i]! / correct1)) / (Math.sqrt(second[i]! / correct2) + epsilon);
      }
    },
  };
}
