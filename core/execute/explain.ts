import { sizeOf } from '../onnx/tensor.js';
import type { ExplainRequest, Explanation } from '../ports/runner.js';
import { ScanError } from '../scan/errors.js';
import { axesOf } from '../scan/fit-images.js';
import { inGroups, oneHot, type Execution } from './programs.js';

/** Gradients and heat maps of some classes for every image. */
export async function explain(
  { programs, model, input, runs }: Execution,
  { rule, classes }: ExplainRequest,
): Promise<Explanation> {
  for (const index of classes) {
    if (!Number.isInteger(index) || index < 0 || index >= model.classes) {
      throw new ScanError('usage', `the model has classes 0 to ${model.classes - 1}; there is no class ${index}`);
    }
  }
  const run = runs[rule];
  const images = input.dims[0]!;
  const pixels = axesOf(model.inputDims, model.layout).slice(1);
  const [size, area, k] = [sizeOf(model.inputDims), sizeOf(pixels), classes.length];
  const logits = new Float32Array(images * model.classes);
  const gradients = new Float32Array(images * k * size);
  const heatmaps = new Float32Array(images * k * area);

  await inGroups(model, images, run.images, input.data, async (data, count, start, used) => {
    for (let first = 0; first < k; first += run.classes) {
      const part = classes.slice(first, first + run.classes);
      const request = { rule, objective: 'logit' as const, outputs: ['logits', 'gradient', 'heatmap'] as const };
      const result = await programs.run(request, count, data, oneHot(part, model.classes));
      const [gradient, heatmap] = [
        result.get('gradient')!.data as Float32Array,
        result.get('heatmap')!.data as Float32Array,
      ];
      logits.set((result.get('logits')!.data as Float32Array).subarray(0, used * model.classes), start * model.classes);
      for (let row = 0; row < part.length; row++)
        for (let image = 0; image < used; image++) {
          const from = row * count + image;
          const to = (start + image) * k + first + row;
          gradients.set(gradient.subarray(from * size, (from + 1) * size), to * size);
          heatmaps.set(heatmap.subarray(from * area, (from + 1) * area), to * area);
        }
    }
  });
  return {
    logits: { dims: [images, model.classes], data: logits },
    gradients: { dims: [images, k, ...model.inputDims], data: gradients },
    heatmaps: { dims: [images, k, ...pixels], data: heatmaps },
  };
}
