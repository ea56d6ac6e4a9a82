import { mkdir, stat, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { statedPreprocessing } from '../../../adapters/formats/index.js';
import { preprocessingText } from '../../../core/report/preprocessing.js';
import type { ImageSet, Preprocessing } from '../../../core/scan/images.js';
import type { Explanation, OpenModel } from '../../../core/ports/runner.js';
import { asScanError, ScanError } from '../../../core/scan/errors.js';
import type { Plane } from '../../../core/scan/result.js';
import { takesStated, withStated, type StatedPreprocessing } from '../../../core/scan/stated-preprocessing.js';
import { defaultProfile } from '../../../core/scan/profiles.js';
import { exitCodes } from '../exit-codes.js';
import { displayImages } from '../explain/display.js';
import { explanationPage, explanationPng } from '../explain/pictures.js';
import { explainOptions, type ExplainSettings } from '../options/index.js';
import { checkWritable } from '../output/outputs.js';
import { shellCommand } from '../output/shell-command.js';
import { write } from '../process.js';
import { loadCleanImages, preprocessingOf } from '../settings/images.js';
import { settingsOf } from '../settings/settings.js';
import { packageVersion } from '../../common/version.js';
import { createRunner } from '../wiring.js';
import type { CommandCall } from './command.js';

export async function explain(call: CommandCall): Promise<number> {
  const settings = await settingsOf(explainOptions, call);
  const path = call.args[0]!;
  const { classes } = settings;
  if (classes === undefined)
    throw new ScanError('usage', '--classes is missing: name the classes to explain, e.g. 3,7');
  const files = await filesOf(settings.output);
  for (const { file } of files) await checkWritable(file);
  const images = await loadCleanImages(settings, settings.imageCount ?? defaultCount(settings.images), 'file');

  const limits = { maxModelBytes: settings.maxModelSize, maxRunBytes: settings.maxMemory };
  const given = preprocessingOf(settings);
  const stated = takesStated(given, images) ? await statedPreprocessing(path, limits) : undefined;
  const preprocessing = stated ? withStated(given, stated) : given;

  const runner = createRunner(settings, 1);
  try {
    const model = await orAborted(
      call.signal,
      runner.open({
        path,
        images,
        preprocessing,
        profile: defaultProfile,
        selection: { inputName: settings.inputName, logitsName: settings.logitsName },
        limits,
      }),
    );
    const explanation = await orAborted(call.signal, model.explain({ rule: settings.rule, classes }));
    const { commandLine } = call;
    const view = { path, settings, images, preprocessing, stated, model, explanation, classes, commandLine };
    for (const output of files) {
      await save(output, view);
      await write(call.terminal.stderr, `wrote ${output.file}\n`);
    }
    await write(call.terminal.stdout, summary(view));
    return exitCodes.clean;
  } finally {
    await runner.close();
  }
}

type Kind = 'npz' | 'png' | 'html';
interface OutputFile {
  readonly kind: Kind;
  readonly file: string;
}

interface View {
  readonly path: string;
  readonly settings: ExplainSettings;
  readonly images: ImageSet;
  readonly preprocessing: Preprocessing;
  readonly stated: StatedPreprocessing | undefined;
  readonly model: OpenModel;
  readonly explanation: Explanation;
  readonly classes: readonly number[];
  readonly commandLine: readonly string[];
}

const kinds: readonly Kind[] = ['npz', 'png', 'html'];
/** Of a folder of images; gradients of all would fill a disk. */
const folderImages = 16;

/** An array file was made for this call, so all of it is meant. */
function defaultCount(images: string | undefined): number {
  return /\.np[yz]$/i.test(images ?? '') ? Number.MAX_SAFE_INTEGER : folderImages;
}

/** @throws ScanError `usage`, `output-unwritable`. */
async function filesOf(output: string | undefined): Promise<OutputFile[]> {
  if (output === undefined) {
    throw new ScanError('usage', '--output is missing: name a .npz, .png or .html file, or a folder for all three');
  }
  const extension = extname(output).slice(1).toLowerCase();
  const kind = kinds.find((known) => known === extension);
  const isFolder = (await stat(output).catch(() => undefined))?.isDirectory() ?? extension === '';
  if (kind && !isFolder) return [{ kind, file: output }];
  if (!isFolder)
    throw new ScanError('usage', `--output ${output}: use a name that ends in .npz, .png or .html, or a folder`);
  await mkdir(output, { recursive: true }).catch((error: unknown) => {
    throw asScanError(error, 'output-unwritable', `cannot make the folder ${output}`);
  });
  return kinds.map((each) => ({ kind: each, file: join(output, `explanation.${each}`) }));
}

async function save({ kind, file }: OutputFile, view: View): Promise<void> {
  const { explanation } = view;
  if (kind === 'npz') {
    const { writeNpz } = await import('../../../adapters/images/npz.js');
    const { logits, gradients, heatmaps } = explanation;
    await writeNpz(file, { logits, gradients, heatmaps });
    return;
  }
  const shown = displayImages(view.images, view.model.inspection, view.preprocessing);
  const content = await (kind === 'png' ? explanationPng(explanation, shown) : page(view, shown));
  await writeFile(file, content).catch((error: unknown) => {
    throw asScanError(error, 'output-unwritable', `cannot write ${file}`);
  });
}

function page(view: View, shown: readonly Plane[]): Promise<string> {
  const { path, settings, images, model, explanation, classes, commandLine } = view;
  const { inputDims, layout } = model.inspection;
  return explanationPage(explanation, images, shown, {
    tool: { name: 'neuroninspect', version: packageVersion() },
    createdAt: new Date().toISOString(),
    model: { path, inputDims, layout },
    rule: settings.rule,
    classes,
    command: shellCommand(commandLine),
  });
}

function summary({ path, settings, explanation, model, classes, stated }: View): string {
  const [images] = explanation.logits.dims;
  const { accuracy } = model.inspection;
  const right = accuracy === undefined ? '' : `, right on ${Math.round(100 * accuracy)} % of the labelled ones`;
  const pixels = stated ? `; pixels: ${preprocessingText(stated)}` : '';
  return `${path}: ${settings.rule} gradients of class ${classes.join(', ')} on ${images} images${right}${pixels}\n`;
}

async function orAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    const stop = () => {
      reject(new ScanError('cancelled', 'interrupted'));
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  return Promise.race([work, aborted]);
}
