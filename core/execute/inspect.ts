import { predictedClasses } from '../invert/predict.js';
import { axesOf, fitImages, suggestPreprocessings } from '../scan/fit-images.js';
import type { ImageSet, ModelInput, Preprocessing } from '../scan/images.js';
import type { Inspection } from '../scan/features.js';
import type { Binding } from './bind.js';
import { inGroups, type BoundModel, type Execution, type Programs } from './programs.js';

/** What the model answers to the clean images, and whether they look as it expects them. */
export async function inspect(
  execution: Execution,
  { classifier, takes }: Binding,
  images: ImageSet,
  preprocessing: Preprocessing,
): Promise<Inspection> {
  const { programs, model, input, tile, batch } = execution;
  const answers = async (data: Float32Array): Promise<number[]> =>
    predictedClasses(await allLogits(programs, model, input.dims[0]!, data, batch), model.classes);
  const predictions = await answers(input.data);
  const accuracy = accuracyOf(predictions, input.labels);
  const [channels, height, width] = axesOf(model.inputDims, model.layout);
  const doubted = accuracy !== undefined && accuracy < doubtful && images.kind === 'pixels';
  return {
    classes: model.classes,
    inputDims: model.inputDims,
    layout: model.layout,
    channels,
    height,
    width,
    inputName: classifier.input.name,
    logitsName: classifier.logitsName,
    cut: classifier.cut,
    predictions,
    accuracy,
    preprocessingHint: doubted
      ? await betterPreprocessing(answers, images, takes, preprocessing, input, accuracy)
      : undefined,
    tile,
  };
}

/** Logits of all images, row-major images x classes. */
export async function allLogits(
  programs: Programs,
  model: BoundModel,
  count: number,
  images: Float32Array,
  limit: number,
): Promise<Float32Array> {
  const logits = new Float32Array(count * model.classes);
  const request = { rule: 'vanilla' as const, objective: 'logit' as const, outputs: ['logits'] as const };
  await inGroups(model, count, limit, images, async (data, size, start, used) => {
    const result = await programs.run(request, size, data, new Float32Array());
    logits.set((result.get('logits')!.data as Float32Array).subarray(0, used * model.classes), start * model.classes);
  });
  return logits;
}

/** Share of the labelled images that are predicted right; undefined without labels. */
export function accuracyOf(
  predictions: readonly number[],
  labels: readonly (number | undefined)[],
): number | undefined {
  const labelled = labels.flatMap((label, i) => (label === undefined ? [] : [label === predictions[i]]));
  return labelled.length ? labelled.filter(Boolean).length / labelled.length : undefined;
}

/** Below this accuracy other preprocessings are tried, and one is suggested that gains at least as much. */
const doubtful = 0.5;
const wantedGain = 0.25;

/** Flags of a common preprocessing under which the model is much more accurate on the labelled images; undefined if there is none. */
async function betterPreprocessing(
  answers: (data: Float32Array) => Promise<number[]>,
  images: ImageSet,
  takes: Binding['takes'],
  given: Preprocessing,
  { labels, domain }: ModelInput,
  accuracy: number,
): Promise<string | undefined> {
  let best: { flags: string; accuracy: number } | undefined;
  for (const { flags, preprocessing } of suggestPreprocessings(given, domain.low.length)) {
    const other = fitted(images, takes, preprocessing);
    if (!other) continue;
    const reached = accuracyOf(await answers(other.data), labels) ?? 0;
    if (reached >= accuracy + wantedGain && reached > (best?.accuracy ?? 0)) best = { flags, accuracy: reached };
  }
  return (
    best && `${best.flags} (accuracy ${Math.round(100 * best.accuracy)} % instead of ${Math.round(100 * accuracy)} %)`
  );
}

/** A suggestion that does not fit the model (three means, one channel) is no suggestion. */
function fitted(set: ImageSet, takes: Binding['takes'], preprocessing: Preprocessing): ModelInput | undefined {
  try {
    return fitImages(set, takes, preprocessing);
  } catch {
    return undefined;
  }
}
