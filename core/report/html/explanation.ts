import type { SaliencyRuleName } from '../../scan/features.js';
import type { ModelIdentity, Plane, ScanResult } from '../../scan/result.js';
import type { EncodeImage } from '../format.js';
import type { Content } from '../markup.js';
import { markup } from '../markup.js';
import { classLabel, oneLine, plural, printable } from '../text.js';
import { grounds, headline } from '../words.js';
import { evidenceBlock, picture } from './evidence.js';
import { verdictTitle } from './model-section.js';
import { facts, page } from './page.js';

/** Heat maps of chosen classes for each image: what the `explain` command shows. */
export interface Explanation {
  readonly tool: { readonly name: string; readonly version: string };
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly model: ModelIdentity;
  readonly rule: SaliencyRuleName;
  readonly classes: readonly { readonly index: number; readonly name?: string | undefined }[];
  readonly images: readonly ExplainedImage[];
  /** What a scan of the model found: its verdict and evidence follow the heat maps. */
  readonly scan?: ScanResult | undefined;
  /** The command line that repeats it. */
  readonly command?: string | undefined;
}

export interface ExplainedImage {
  readonly name: string;
  /** [C, H, W] in 0..1; undefined where the input is no picture. */
  readonly image?: Plane | undefined;
  readonly label?: number | undefined;
  readonly predicted: number;
  /** Names of the two classes above, where known. */
  readonly labelName?: string | undefined;
  readonly predictedName?: string | undefined;
  /** One [H, W] map in 0..1 per class, in the order of `classes`. */
  readonly maps: readonly Plane[];
}

/** One self-contained page: a row per image, a column per class. */
export async function renderExplanation(explanation: Explanation, encodeImage: EncodeImage): Promise<string> {
  const { tool, createdAt, model, rule, classes, images, scan, command } = explanation;
  const path = printable(model.path);
  const rows: Content[] = [];
  for (const image of images) rows.push(await imageRow(image, classes, encodeImage));
  const date = createdAt.replace('T', ' ').replace(/:\d\d(\.\d+)?Z$/, ' UTC');
  return page(`Heat maps: ${path}`, [
    markup`<header class="masthead"><span class="brand">NeuronInspect heat maps</span><span class="muted small">${date} · version ${tool.version}</span></header>`,
    markup`<main class="sheet">
<h1 class="mono">${path}</h1>
<p>Where ${plural(classes.length, 'class', 'classes')} look${classes.length === 1 && 's'} at ${plural(images.length, 'clean image')}: ${rules[rule]}, clipped at 0, largest over the channels, each map scaled to its own maximum. Bright pixels matter most. A map that shows the same spot for every image is the sign of a trigger.</p>
<div class="table"><table class="maps">
<thead><tr><th scope="col">Image</th>${classes.map(({ index, name }) => markup`<th scope="col">Class ${classLabel(index, name)}</th>`)}</tr></thead>
<tbody>${rows}</tbody>
</table></div>
${scan !== undefined && (await scanBlock(scan, encodeImage))}
<h3>Settings and digests</h3>${facts([
      ['Model', model.digest !== undefined && markup`<code>${model.digest}</code>`],
      [
        'Input',
        model.inputDims && `${model.inputDims.join(' × ')}${model.layout === undefined ? '' : ` (${model.layout})`}`,
      ],
      ['Rule', rule],
    ])}${command !== undefined && markup`<pre><code>${oneLine(command)}</code></pre>`}
</main>`,
  ]);
}

async function scanBlock(scan: ScanResult, encodeImage: EncodeImage): Promise<Content> {
  const evidence = await Promise.all(scan.evidence.map((one) => evidenceBlock(one, scan, encodeImage)));
  return markup`<div class="${scan.verdict}"><h3>What the scan found</h3><p class="flipped">${verdictTitle(scan)}</p><p>${headline(scan)}</p><ul>${grounds(scan).map((sentence) => markup`<li>${sentence}</li>`)}</ul>${evidence}</div>`;
}

const rules: Readonly<Record<SaliencyRuleName, string>> = {
  vanilla: 'the plain gradient of the logit',
  guided: 'the guided gradient of the logit',
  rectified: 'the rectified gradient of the logit',
};

async function imageRow(
  image: ExplainedImage,
  classes: Explanation['classes'],
  encodeImage: EncodeImage,
): Promise<Content> {
  const name = printable(image.name, 80);
  const answer = classLabel(image.predicted, image.predictedName);
  const wrong = image.label !== undefined && image.label !== image.predicted;
  const shown = image.image === undefined ? undefined : await picture(image.image, `Image ${name}`, encodeImage);
  const maps = await Promise.all(
    image.maps.map((map, position) => {
      const { index, name: className } = classes[position]!;
      return picture(map, `Heat map of class ${classLabel(index, className)} for ${name}`, encodeImage, 'heat');
    }),
  );
  return markup`<tr><th scope="row"><figure>${shown}<figcaption>${name}<br>model says ${answer}${
    wrong && `, label ${classLabel(image.label, image.labelName)}`
  }</figcaption></figure></th>${maps.map((map) => markup`<td>${map}</td>`)}</tr>
`;
}
