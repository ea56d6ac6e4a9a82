import type { ClassReport, Evidence, ProbeReport, TriggerReconstruction } from '../scan/result.js';

/** `class 5 (ship)`, or `class 5` where the name is only its number. */
export function nameClass({ index, name }: Pick<ClassReport, 'index' | 'name'>): string {
  return name === undefined || name === String(index) ? `class ${index}` : `class ${index} (${name})`;
}

/** `a 3x3 patch at the bottom right turns 96 % of 24 held-out images into class 5 (ship)`. */
export function describeTrigger({ trigger }: Evidence, target: string): string {
  const { attackSuccessRate, imagesJudged } = trigger;
  return `${describeShape(trigger)} turns ${percent(attackSuccessRate)} of ${imagesJudged} held-out images into ${target}`;
}

/** `pasting the sign of the gradient (4x4 patch at the centre) turns 60 % of the images`. */
export function describeProbe({ patch, blend }: ProbeReport): string {
  return patch.flipRate >= blend.flipRate
    ? `the sign pattern of the ${patch.rule} gradient, pasted as a ${patch.size}x${patch.size} patch, flips ${percent(patch.flipRate)} of the images`
    : `the sign pattern of the ${blend.rule} gradient, blended in at ${percent(blend.alpha)}, flips ${percent(blend.flipRate)} of the images`;
}

/** A p-value is a rounded simulation result: more digits would be made up. */
export function describeP(p: number): string {
  return p < 0.001 ? 'p < 0.001' : `p = ${p.toPrecision(2)}`;
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function describeShape({ box, mask, maskMass }: TriggerReconstruction): string {
  const [height, width] = [mask.dims[0]!, mask.dims[1]!];
  const patch = `${article(box.width)} ${box.width}x${box.height} patch at the ${placeOf(box, height, width)}`;
  if (shareInside(box, mask) >= 0.5) return patch;
  return `a pattern of several spots (${Math.round(maskMass)} pixels in all, the largest spot ${patch})`;
}

/** Share of the mask's bright pixels, by weight, that lie in the box. */
function shareInside(box: TriggerReconstruction['box'], { dims, data }: TriggerReconstruction['mask']): number {
  const width = dims[1]!;
  const bright = data.reduce((a, b) => Math.max(a, b), 0) / 2;
  let [inside, all] = [0, 0];
  data.forEach((value, pixel) => {
    if (value < bright) return;
    const [row, column] = [Math.floor(pixel / width) - box.top, (pixel % width) - box.left];
    all += value;
    if (row >= 0 && row < box.height && column >= 0 && column < box.width) inside += value;
  });
  return all === 0 ? 1 : inside / all;
}

/** Before a number that is read out: an 8, an 11, an 18, an 80. */
function article(value: number): string {
  return /^(8|11$|18$)/.test(String(value)) ? 'an' : 'a';
}

function placeOf(box: TriggerReconstruction['box'], height: number, width: number): string {
  const row = third(box.top + box.height / 2, height, ['top', '', 'bottom']);
  const column = third(box.left + box.width / 2, width, ['left', '', 'right']);
  return [row, column].filter(Boolean).join(' ') || 'centre';
}

function third(centre: number, size: number, names: readonly [string, string, string]): string {
  return names[Math.min(2, Math.floor((3 * centre) / size))]!;
}
