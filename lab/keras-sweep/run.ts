import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { memoryFiles } from '../../adapters/formats/files/memory.js';
import { kerasFormat } from '../../adapters/formats/keras/index.js';
import { readNpz } from '../../adapters/images/npz.js';
import { largestDifference, openOnGolden } from '../golden.js';

/**
 * Imports every model that `make.py` saved and prints, as rows of a table, how far logits and gradients of all ten classes are
 * from Keras' own in float64, and how far Keras' own in float32 are: `node dist/lab/keras-sweep/run.js FOLDER [NAME...]`.
 * The error of an image is the largest difference as a fraction of the largest magnitude over all its classes.
 *
 * Fails where the importer refuses; where logits of an image are beyond 1e-4; or where there are images for which Keras' own
 * gradients in float32 are within 3e-4 and ours are beyond 1e-3 for all of those. One image suffices: a wrong derivative is
 * wrong for each of them, while near-tied activations of one image take sides by the rounding of sums, ours or Keras'. Where
 * Keras' own float32 is beyond 3e-4 for all images the row says "undecided", which is no failure and no proof.
 *
 * Columns: model, generation of Keras, file; logits, largest error of ours and of Keras' float32; gradients, error of ours and of
 * Keras' float32 for the image where ours is least, and how many of the images are within 1e-3 of those where Keras' float32 is
 * within 3e-4; nodes of the graph; verdict.
 */
const limits = { logits: 1e-4, gradients: 1e-3, own: 3e-4 };
const [folder = '', ...only] = process.argv.slice(2);
let failed = 0;
for (const file of readdirSync(folder).sort()) {
  if (file.endsWith('.npz') || (only.length > 0 && !only.some((part) => file.startsWith(part)))) continue;
  const name = file.replace(/-keras(\d)\.(\w+)$/, ' | $1 | .$2');
  try {
    const { passes, cells } = await compared(file);
    if (!passes) failed++;
    console.log(`| ${[name, ...cells].join(' | ')} |`);
  } catch (thrown) {
    failed++;
    console.log(`| ${name} | REFUSED ${thrown instanceof Error ? thrown.message : String(thrown)} |`);
  }
}
process.exitCode = failed > 0 ? 1 : 0;

async function compared(file: string): Promise<{ passes: boolean; cells: string[] }> {
  const golden = readNpz(readFileSync(join(folder, file.replace(/\.\w+$/, '.npz'))));
  const numbers = (key: string): Float64Array => Float64Array.from(golden.get(key)!.data as ArrayLike<number>);
  const dims = golden.get('x')!.dims;
  const files = memoryFiles(new Map([[file, readFileSync(join(folder, file))]]), file);
  const graph = await kerasFormat.read(files, file, { maxModelBytes: 2 ** 32 });
  const model = await openOnGolden(graph, file, golden);
  try {
    const { logits, gradients } = await model.explain({
      rule: 'vanilla',
      classes: Array.from({ length: 10 }, (_, i) => i),
    });
    const images = Array.from({ length: dims[0]! }, (_, image) => {
      const part = (values: Numbers): Numbers => {
        const size = values.length / dims[0]!;
        return values.subarray(image * size, (image + 1) * size);
      };
      const exact = { logits: part(numbers('logits64')), gradients: part(numbers('gradients64')) };
      return {
        logits: largestDifference(part(logits.data), exact.logits),
        ownLogits: largestDifference(part(numbers('logits')), exact.logits),
        gradients: largestDifference(part(gradients.data), exact.gradients),
        ownGradients: largestDifference(part(numbers('gradients')), exact.gradients),
      };
    });
    const stable = images.filter(({ ownGradients }) => ownGradients <= limits.own);
    const near = stable.filter((each) => each.gradients <= limits.gradients);
    const logitsError = Math.max(...images.map((each) => each.logits));
    const passes = logitsError <= limits.logits && (near.length > 0 || stable.length === 0);
    const [best] = (stable.length > 0 ? stable : images).sort((a, b) => a.gradients - b.gradients);
    const cells = [
      ...[logitsError, Math.max(...images.map((each) => each.ownLogits)), best!.gradients, best!.ownGradients].map(
        (error) => error.toExponential(1),
      ),
      `${near.length} of ${stable.length}`,
      String(graph.nodes.length),
      !passes ? 'FAILED' : near.length > 0 ? 'ok' : 'undecided',
    ];
    return { passes, cells };
  } finally {
    await model.close();
  }
}

type Numbers = Float32Array | Float64Array;
