import type { Evidence, Plane, ScanResult, TriggerReconstruction } from '../../scan/result.js';
import type { EncodeImage } from '../format.js';
import type { Content, Markup } from '../markup.js';
import { markup } from '../markup.js';
import { capital, decimal, percent, printable } from '../text.js';
import { labelOf, triggerPlace } from '../words.js';
import { visibleTrigger } from '../visible-trigger.js';

/** Trigger, images with and without it, and heat maps of one class. */
export async function evidenceBlock(evidence: Evidence, result: ScanResult, encodeImage: EncodeImage): Promise<Markup> {
  const { trigger, probe } = evidence;
  const label = labelOf(result, evidence.classIndex);
  const [shown, mask, pattern, samples, maps] = await Promise.all([
    picture(visibleTrigger(trigger), `Reconstructed trigger, ${triggerPlace(trigger)}, on grey`, encodeImage),
    picture(trigger.mask, 'Mask of the trigger: white pixels are replaced', encodeImage, 'gray'),
    picture(trigger.pattern, 'Pattern of the trigger, before the mask is applied', encodeImage),
    Promise.all(evidence.samples.map((sample) => samplePair(sample, evidence.classIndex, result, encodeImage))),
    Promise.all(evidence.heatmaps.map((heatmap) => heatTile(heatmap, result, encodeImage))),
  ]);
  return markup`<h3>The reconstructed trigger of class ${label}</h3>
<p>${sentence(trigger)}</p>
<div class="tiles three">
<figure class="flagged">${shown}<figcaption><strong>The trigger</strong><br><span class="muted">mask × pattern, on grey</span></figcaption></figure>
<figure>${mask}<figcaption>Mask<br><span class="muted">white is replaced</span></figcaption></figure>
<figure>${pattern}<figcaption>Pattern<br><span class="muted">meaningless outside the mask</span></figcaption></figure>
</div>
<p class="small muted">Optimised on ${trigger.imagesFitted} clean images and judged on ${trigger.imagesJudged} others: success ${percent(trigger.attackSuccessRate)}, energy ${decimal(trigger.energy)}. Without optimisation, the sign pattern of the mean gradient reaches ${percent(probe.patch.flipRate)} as a ${probe.patch.size} × ${probe.patch.size} patch and ${percent(probe.blend.flipRate)} blended in at ${percent(probe.blend.alpha)}.</p>
${samples.length > 0 && markup`<h3>Clean images with and without the trigger</h3><div class="samples">${samples}</div>`}
${maps.length > 0 && markup`<h3>Where the model looks</h3><p>Mean saliency map of the flagged class beside typical classes, each scaled to its own maximum; bright pixels matter most. A backdoored class looks at its trigger, whatever the image shows.</p><div class="tiles">${maps}</div>`}`;
}

/** A picture of the page's own: pixels stay sharp when a small one is enlarged. */
export async function picture(
  plane: Plane,
  alt: string,
  encodeImage: EncodeImage,
  colours?: 'gray' | 'heat',
): Promise<Markup> {
  const [height = 1, width = 1] = plane.dims.slice(-2);
  const source = await encodeImage(plane, colours === undefined ? {} : { colours });
  const sharp = Math.max(height, width) <= 96 ? 'picture pixels' : 'picture';
  return markup`<img class="${sharp}" src="${source}" alt="${alt}" width="${width}" height="${height}" decoding="async">`;
}

function sentence(trigger: TriggerReconstruction): string {
  return `${capital(triggerPlace(trigger))}. Pasted into clean images of other classes that it was not fitted on, it changes the answer in ${percent(trigger.attackSuccessRate)} of them.`;
}

async function samplePair(
  sample: Evidence['samples'][number],
  target: number,
  result: ScanResult,
  encodeImage: EncodeImage,
): Promise<Content> {
  const name = printable(sample.name, 80);
  const before = labelOf(result, sample.cleanClass);
  const after = labelOf(result, sample.triggeredClass);
  const flipped = sample.triggeredClass === target;
  const remark = sample.cleanClass === sample.triggeredClass ? ' (unchanged)' : ' (another class)';
  const [clean, triggered] = await Promise.all([
    picture(sample.clean, `Clean image ${name}`, encodeImage),
    picture(sample.triggered, `The same image with the trigger`, encodeImage),
  ]);
  return markup`<div class="pair">
<figure>${clean}<figcaption>clean: <strong>${before}</strong></figcaption></figure>
<span class="arrow" aria-hidden="true">→</span>
<figure class="${flipped && 'flagged'}">${triggered}<figcaption>triggered: <span class="${flipped && 'flipped'}">${after}</span>${!flipped && remark}</figcaption></figure>
</div>`;
}

async function heatTile(
  heatmap: Evidence['heatmaps'][number],
  result: ScanResult,
  encodeImage: EncodeImage,
): Promise<Content> {
  const label = labelOf(result, heatmap.classIndex);
  const map = await picture(heatmap.map, `Heat map of class ${label}`, encodeImage, 'heat');
  const flagged = heatmap.role === 'flagged';
  return markup`<figure class="${flagged && 'flagged'}">${map}<figcaption><strong>${label}</strong><br><span class="${flagged ? 'flipped' : 'muted'}">${heatmap.role}</span></figcaption></figure>`;
}
