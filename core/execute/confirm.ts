import { splitImages } from '../invert/images.js';
import type { InversionModel } from '../invert/model.js';
import { predictedClasses } from '../invert/predict.js';
import { probe } from '../invert/probe.js';
import { reconstructTrigger } from '../invert/reconstruct.js';
import { applyTrigger } from '../invert/trigger.js';
import { sizeOf } from '../onnx/tensor.js';
import { axesOf, fromUnit, gradientToUnit, toUnit } from '../scan/fit-images.js';
import type { SaliencyRuleName } from '../scan/features.js';
import type { ModelInput } from '../scan/images.js';
import type { InversionSettings } from '../scan/profile.js';
import type { Evidence, Plane, TriggerReconstruction } from '../scan/result.js';
import { explain } from './explain.js';
import { allLogits } from './inspect.js';
import { inGroups, oneHot, type Execution } from './programs.js';

/** Typical classes shown beside the flagged one, and clean images shown with and without the trigger. */
const typicalClasses = 3;
const shownSamples = 3;

/**
 * Reconstructs the trigger of one class and gathers what an analyst wants to see.
 * @param own class of each image: its label where known, else the model's prediction.
 */
export async function confirm(
  execution: Execution,
  settings: InversionSettings,
  own: readonly number[],
  names: readonly string[],
  classIndex: number,
): Promise<Evidence> {
  const { input, batch, mostImages } = execution;
  const unit = toUnit(input);
  const inversion = inversionModel(execution, Math.min(mostImages, Math.max(batch, settings.batch)));
  const vanilla = await meanGradient(execution, 'vanilla', classIndex);
  const rectified = await meanGradient(execution, 'rectified', classIndex);
  const trigger = await reconstructTrigger(inversion, { images: unit, own }, classIndex, vanilla, settings);
  const probed = await probe(inversion, { images: unit, own }, classIndex, { vanilla, rectified });
  return {
    classIndex,
    trigger,
    probe: probed,
    heatmaps: await meanMaps(execution, classIndex),
    samples: await samplesOf(
      inversion,
      unit,
      trigger,
      splitImages(own, classIndex).judge.slice(0, shownSamples),
      names,
    ),
  };
}

/** The compiled model in unit space. */
function inversionModel({ programs, model, input }: Execution, limit: number): InversionModel {
  const [channels, height, width] = axesOf(model.inputDims, model.layout);
  const size = channels * height * width;
  return {
    dims: [channels, height, width],
    classes: model.classes,
    predict: (images, n) => allLogits(programs, model, n, fromUnit(images, n, input), limit),
    lossGradient: async (images, n, target) => {
      const loss = new Float32Array(n);
      const gradient = new Float32Array(n * size);
      const request = {
        rule: 'vanilla' as const,
        objective: 'cross-entropy' as const,
        outputs: ['loss', 'gradient'] as const,
      };
      await inGroups(model, n, limit, fromUnit(images, n, input), async (data, count, start, used) => {
        const result = await programs.run(request, count, data, oneHot([target], model.classes));
        loss.set((result.get('loss')!.data as Float32Array).subarray(0, used), start);
        gradient.set((result.get('gradient')!.data as Float32Array).subarray(0, used * size), start * size);
      });
      return { loss, gradient: gradientToUnit(gradient, n, input) };
    },
  };
}

/** Mean over all images of the gradient of the class's logit, [C, H, W] in unit space. */
async function meanGradient(
  { programs, model, input, batch }: Execution,
  rule: SaliencyRuleName,
  classIndex: number,
): Promise<Float32Array> {
  const count = input.dims[0]!;
  const size = sizeOf(model.inputDims);
  const total = new Float64Array(size);
  const request = { rule, objective: 'logit' as const, outputs: ['gradient'] as const };
  await inGroups(model, count, batch, input.data, async (data, group, _start, used) => {
    const result = await programs.run(request, group, data, oneHot([classIndex], model.classes));
    const gradient = gradientToUnit(
      (result.get('gradient')!.data as Float32Array).subarray(0, used * size),
      used,
      input,
    );
    for (let i = 0; i < gradient.length; i++) total[i % size]! += gradient[i]!;
  });
  return Float32Array.from(total, (value) => value / count);
}

/** Mean rectified heat map of the class and of a few others spread evenly over the classes, each scaled to 0..1 again. */
async function meanMaps(execution: Execution, classIndex: number): Promise<Evidence['heatmaps']> {
  const { model, input, batch } = execution;
  const others = Array.from({ length: Math.min(typicalClasses, model.classes - 1) }, (_, i) => {
    return (classIndex + 1 + Math.floor((i * (model.classes - 1)) / typicalClasses)) % model.classes;
  });
  const classes = [classIndex, ...others];
  const images = Math.min(input.dims[0]!, 2 * batch);
  const some: ModelInput = {
    ...input,
    dims: [images, ...model.inputDims],
    data: input.data.subarray(0, images * sizeOf(model.inputDims)),
  };
  const { heatmaps } = await explain({ ...execution, input: some }, { rule: 'rectified', classes });
  const [n, k, height, width] = heatmaps.dims as [number, number, number, number];
  return classes.map((index, row) => {
    const map = new Float32Array(height * width);
    for (let image = 0; image < n; image++)
      for (let i = 0; i < map.length; i++) map[i]! += heatmaps.data[(image * k + row) * map.length + i]! / n;
    const peak = map.reduce((a, b) => Math.max(a, b), 0) || 1;
    return {
      classIndex: index,
      role: row === 0 ? ('flagged' as const) : ('typical' as const),
      map: { dims: [height, width], data: map.map((value) => value / peak) },
    };
  });
}

async function samplesOf(
  model: InversionModel,
  unit: Float32Array,
  { mask, pattern }: TriggerReconstruction,
  chosen: readonly number[],
  names: readonly string[],
): Promise<Evidence['samples']> {
  const size = sizeOf(model.dims);
  const trigger = { mask: Float64Array.from(mask.data), pattern: Float64Array.from(pattern.data) };
  const samples: Evidence['samples'][number][] = [];
  for (const image of chosen) {
    const clean = unit.slice(image * size, (image + 1) * size);
    const triggered = applyTrigger(trigger, clean);
    const [cleanClass] = predictedClasses(await model.predict(clean, 1), model.classes);
    const [triggeredClass] = predictedClasses(await model.predict(triggered, 1), model.classes);
    const plane = (data: Float32Array): Plane => ({ dims: model.dims, data });
    samples.push({
      name: names[image] ?? `image ${image}`,
      clean: plane(clean),
      triggered: plane(triggered),
      cleanClass: cleanClass!,
      triggeredClass: triggeredClass!,
    });
  }
  return samples;
}
