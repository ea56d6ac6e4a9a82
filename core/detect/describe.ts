import type { ClassReport, EvidenceSummary, ProbeReport, TriggerSummary } from '../scan/result.js';

/** `class 5 (ship)`, or `class 5` where the name is only its number. */
export function nameClass({ index, name }: Pick<ClassReport, 'index' | 'name'>): string {
  return name === undefined || name === String(index) ? `class ${index}` : `class ${index} (${name})`;
}

/** `a 3x3 patch at the bottom right turns 96 % of 24 held-out images into class 5 (ship)`. */
export function describeTrigger({ trigger }: EvidenceSummary, target: string): string {
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

function describeShape({ box, boxShare, image, maskMass }: TriggerSummary): string {
  const patch = `${article(box.width)} ${box.width}x${box.height} patch at the ${placeOf(box, image)}`;
  if (boxShare >= 0.5) return patch;
  return `a pattern of several spots (${Math.round(maskMass)} pixels in all, the largest spot ${patch})`;
}

/** Before a number that is read out: an 8, an 11, an 18, an 80. */
function article(value: number): string {
  return /^(8|11$|18$)/.test(String(value)) ? 'an' : 'a';
}

function placeOf(box: TriggerSummary['box'], { height, width }: TriggerSummary['image']): string {
  const row = third(box.top + box.height / 2, height, ['top', '', 'bottom']);
  const column = third(box.left + box.width / 2, width, ['left', '', 'right']);
  return [row, column].filter(Boolean).join(' ') || 'centre';
}

function third(centre: number, size: number, names: readonly [string, string, string]): string {
  return names[Math.min(2, Math.floor((3 * centre) / size))]!;
}
