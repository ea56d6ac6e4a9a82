import type { ImageEncoder } from '../../../core/ports/image-encoder.js';
import { Markup, markup } from '../../../core/report/markup.js';
import { heatmapOf, zoomFor, type Cells } from './sheet.js';

export interface PageParts extends Cells {
  readonly path: string;
  readonly rule: string;
  readonly labels: readonly (number | undefined)[];
  readonly classNames?: readonly string[] | undefined;
  readonly imagesDigest: string;
}

/** Images on one page: each costs some kilobytes per class. */
const mostRows = 100;

/** A self-contained page: a row per image with its answer, and its heat map over the image for each class. */
export async function explainPage(encoder: ImageEncoder, parts: PageParts): Promise<string> {
  const { path, rule, classes, shown, imagesDigest } = parts;
  const nameOf = (index: number) => parts.classNames?.[index] ?? `class ${index}`;
  const rows: Markup[] = [];
  for (let image = 0; image < Math.min(shown.length, mostRows); image++)
    rows.push(await rowOf(encoder, parts, image, nameOf));
  const left = shown.length - rows.length;
  const page = markup`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${rule} saliency of ${path}</title>
<style>${new Markup(style)}</style>
<h1>${path}</h1>
<p>${rule} saliency maps: where a little more brightness would raise the logit of the class. Dark is none, bright is most;
each map is scaled to its own maximum.</p>
<div class="scroll"><table>
<thead><tr><th>image</th><th>answer</th>${classes.map((index) => markup`<th>${nameOf(index)}</th>`)}</tr></thead>
<tbody>${rows}</tbody>
</table></div>
${left > 0 && markup`<p>${left} more images are in the .npz output.</p>`}
<footer>images ${imagesDigest}</footer>
</html>
`;
  return page.text;
}

async function rowOf(
  encoder: ImageEncoder,
  parts: PageParts,
  image: number,
  nameOf: (index: number) => string,
): Promise<Markup> {
  const { shown, classes, explanation, labels } = parts;
  const { name, plane } = shown[image]!;
  const zoom = zoomFor(plane.dims[1]!);
  const total = explanation.logits.dims[1]!;
  const logits = explanation.logits.data.subarray(image * total, (image + 1) * total);
  const answer = logits.indexOf(logits.reduce((most, value) => Math.max(most, value), -Infinity));
  const label = labels[image];
  const wrong = label !== undefined && label !== answer;
  const picture = await encoder.dataUri({ kind: 'plain', plane }, { zoom });
  const maps: Markup[] = [];
  for (const [k, index] of classes.entries()) {
    const map = heatmapOf(parts, image, k);
    const source = await encoder.dataUri({ kind: 'overlay', map, image: plane }, { zoom });
    const caption = `logit ${logits[index]!.toFixed(2)}`;
    maps.push(markup`<td><img src="${source}" alt="saliency of ${nameOf(index)}"><small>${caption}</small></td>`);
  }
  return markup`<tr><td><img src="${picture}" alt="${name}"><small>${name}</small></td>
<td class="${wrong ? 'wrong' : 'right'}">${nameOf(answer)}${wrong && markup`<small>labelled ${nameOf(label)}</small>`}</td>${maps}</tr>
`;
}

const style = `
body { font: 15px/1.5 system-ui, sans-serif; margin: 1.5rem; color: #1c1c1c; background: #fff; }
h1 { font-size: 1.3rem; overflow-wrap: anywhere; }
p { max-width: 45rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; }
th { text-align: left; padding: 0.3rem 0.6rem; position: sticky; top: 0; background: inherit; }
td { padding: 0.3rem 0.6rem; vertical-align: top; border-top: 1px solid #ddd; }
img { display: block; image-rendering: pixelated; max-width: 14rem; }
small { display: block; color: #666; overflow-wrap: anywhere; max-width: 14rem; }
.wrong { color: #b00020; }
footer { margin-top: 1.5rem; color: #666; font-size: 0.8rem; overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) { body { background: #16181b; color: #e6e6e6; } td { border-color: #333; } small, footer { color: #999; } .wrong { color: #ff8a80; } }
`;
