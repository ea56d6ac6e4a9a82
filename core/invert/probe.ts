import type { ProbeReport } from '../scan/result.js';
import { gather } from './images.js';
import type { InversionModel } from './model.js';
import { shareOfClass, turnable } from './predict.js';
import type { InversionImages } from './reconstruct.js';
import { sideScale } from './scale.js';
import { applyTrigger } from './trigger.js';
import type { Trigger } from './trigger.js';
import { bestWindow, forEachPixel, windowSizes } from './window.js';

/** Mean gradient of the class's logit over the clean images, [C, H, W], unit space. */
export type MeanGradients = Readonly<Record<'vanilla' | 'rectified', ArrayLike<number>>>;

const patchSide = 4;
const blendAlpha = 0.1;

/**
 * PROBE: pastes the sign pattern of the mean gradient (white where positive, black where negative) into the window where
 * the gradient is strongest, or blends it into the whole image, and counts the clean images of other classes that flip.
 * Forward passes only, nothing is fitted.
 */
export async function probe(
  model: InversionModel,
  { images, own }: InversionImages,
  classIndex: number,
  gradients: MeanGradients,
): Promise<ProbeReport> {
  const [channels, height, width] = model.dims;
  const others = own.flatMap((index, image) => (index === classIndex ? [] : [image]));
  const chosen = await turnable(model, images, others, classIndex);
  const clean = gather(images, channels * height * width, chosen);
  const [size] = windowSizes([Math.round(patchSide * sideScale(height, width))], height, width);
  const rate = (trigger: Trigger) => shareOfClass(model, applyTrigger(trigger, clean), classIndex);

  const patches: ProbeReport['patch'][] = [];
  const blends: ProbeReport['blend'][] = [];
  for (const rule of ['vanilla', 'rectified'] as const) {
    const gradient = gradients[rule];
    const pattern = Float64Array.from(gradient, (value) => (value > 0 ? 1 : 0));
    const window = bestWindow(strength(gradient, height * width), [height, width], size!);
    const mask = new Float64Array(height * width);
    forEachPixel(window, width, (pixel) => (mask[pixel] = 1));
    const { top, left } = window;
    patches.push({ flipRate: await rate({ mask, pattern }), rule, top, left, size: window.height });
    const everywhere = new Float64Array(height * width).fill(blendAlpha);
    blends.push({ flipRate: await rate({ mask: everywhere, pattern }), rule, alpha: blendAlpha });
  }
  const patch = larger(patches);
  const blend = larger(blends);
  return { classIndex, flipRate: Math.max(patch.flipRate, blend.flipRate), patch, blend };
}

/** `sum_c |gradient|`, [H, W]. */
function strength(gradient: ArrayLike<number>, pixels: number): Float64Array {
  const map = new Float64Array(pixels);
  for (let i = 0; i < gradient.length; i++) map[i % pixels]! += Math.abs(gradient[i]!);
  return map;
}

/** The first one on a tie. */
function larger<Report extends { readonly flipRate: number }>(reports: readonly Report[]): Report {
  return reports.reduce((best, report) => (report.flipRate > best.flipRate ? report : best));
}
