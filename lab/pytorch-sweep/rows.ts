import { existsSync, readFileSync } from 'node:fs';

/** What became of one export. */
export interface Row {
  readonly model: string;
  readonly exporter: string;
  /** Where it came to a run. */
  readonly engine?: string;
  /** `ill-conditioned`: PyTorch is as far from itself, in float32 or on images that differ by rounding. `unmade`, `unexported`: PyTorch fails. */
  readonly verdict: 'pass' | 'ill-conditioned' | 'FAIL' | 'unexported' | 'unmade';
  readonly why?: string;
  /** Largest differences from float64, relative to the largest value: ours, and those of PyTorch in float32. */
  readonly numbers?: {
    readonly logits: number;
    readonly ownLogits: number;
    readonly gradients: number;
    readonly ownGradients: number;
    /** How far the gradients in float64 are from those of images moved by 1e-6. */
    readonly nearGradients?: number;
    readonly image: number;
    readonly nodes: number;
  };
  /** Of the processor: reading, binding, compiling by three rules; by engine: compiling by one, loading, running. */
  readonly seconds?: Readonly<Record<string, number>>;
  /** Of the file, and of the program of the vanilla rule. */
  readonly ops?: readonly string[];
  readonly programOps?: readonly string[];
}

export function readRows(paths: readonly string[]): Row[] {
  return paths
    .filter((path) => existsSync(path))
    .flatMap((path) => readFileSync(path, 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}

export function verdictOf(numbers: NonNullable<Row['numbers']>): Row['verdict'] {
  const { logits, ownLogits, gradients, ownGradients, nearGradients = 0 } = numbers;
  if (logits <= 1e-4 && gradients <= 1e-3) return 'pass';
  const tied = ownGradients > 3e-4 || (nearGradients > 3e-4 && gradients <= 10 * nearGradients);
  const excused = (logits <= 1e-4 || ownLogits > 3e-5) && (gradients <= 1e-3 || tied);
  return excused ? 'ill-conditioned' : 'FAIL';
}
