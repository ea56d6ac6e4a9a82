import { persistenceImages } from '../features/persistent.js';
import type { StoredInspection } from '../ports/scan-store.js';
import { ScanError } from '../scan/errors.js';
import type { Inspection, ShardFeatures } from '../scan/features.js';
import type { EvidenceSummary } from '../scan/result.js';
import type { ScanOrder } from './order.js';
import { parseTaskId } from './task-id.js';
import type { ImageFacts, TaskResult, Work } from './task.js';

/**
 * A result that passes fits the scan whatever else is stored for it: with the others of its stage it can be merged. One that
 * does not is refused before it is stored, because the first result of a task is the one that counts.
 *
 * @returns what the result is about.
 * @throws ScanError `internal`.
 */
export function checkResult(order: ScanOrder, inspected: StoredInspection | undefined, result: TaskResult): Work {
  const refused = (why: string): ScanError =>
    new ScanError('internal', `result of task ${result.taskId} refused: ${why}`);
  const task = parseTaskId(result.taskId);
  if (task === undefined) throw refused('this is no task id');
  if (task.scanId !== order.scanId || result.scanId !== order.scanId) {
    throw refused(`the task is of scan ${task.scanId}, the result says ${result.scanId}`);
  }
  if (!(result.seconds >= 0 && result.seconds < Infinity)) throw refused(`it took ${result.seconds} seconds`);
  const { work } = task;
  const { outcome } = result;
  if (outcome.kind === 'failure') return work;
  if (kinds[work.stage] !== outcome.kind) throw refused(`it brings ${outcome.kind}, not ${kinds[work.stage]}`);
  if (outcome.kind === 'inspection') {
    const wrong = wrongInspection(order, outcome.inspection, outcome.images);
    if (wrong !== undefined) throw refused(wrong);
    return work;
  }
  if (inspected === undefined) throw refused('the model was not inspected yet');
  const wrong =
    outcome.kind === 'features'
      ? wrongFeatures(order, inspected.inspection, outcome.features, work)
      : wrongEvidence(inspected.inspection, outcome.evidence, work);
  if (wrong !== undefined) throw refused(wrong);
  return work;
}

const kinds = { inspect: 'inspection', saliency: 'features', confirm: 'evidence' } as const;

function wrongInspection(order: ScanOrder, inspection: Inspection, { labels }: ImageFacts): string | undefined {
  const { classes, predictions, tile, channels, height, width } = inspection;
  for (const [name, value] of Object.entries({
    classes,
    channels,
    height,
    width,
    'tile.classes': tile.classes,
    'tile.images': tile.images,
  })) {
    if (!Number.isSafeInteger(value) || value < 1) return `${name} is ${value}, not a positive integer`;
  }
  const { count, labelled } = order.images;
  if (predictions.length !== count) return `${predictions.length} predictions for ${count} images`;
  if (labels.length !== count) return `${labels.length} labels for ${count} images`;
  const known = labels.filter((label) => label !== undefined).length;
  if (known !== labelled) return `${known} images with a label, the order says ${labelled}`;
  // -1: the model's answer to the image was not a number, which detection has a reason for.
  const outside = predictions.find(
    (prediction) => !Number.isInteger(prediction) || prediction < -1 || prediction >= classes,
  );
  return outside === undefined ? undefined : `it predicts class ${outside} of ${classes}`;
}

function wrongFeatures(
  order: ScanOrder,
  { classes, height, width }: Inspection,
  { shard, values, parity }: ShardFeatures,
  work: Work,
): string | undefined {
  if (work.stage !== 'saliency' || shard.id !== work.shard.id) return `it is of shard ${shard.id}`;
  for (const axis of ['classes', 'images'] as const) {
    const { start, end } = shard[axis];
    const of = axis === 'classes' ? classes : order.images.count;
    if (start !== work.shard[axis].start || end !== work.shard[axis].end) return `its ${axis} are ${start}-${end}`;
    if (end > of) return `its ${axis} end at ${end}, the scan has ${of}`;
  }
  const { profile } = order.settings;
  const rows = shard.classes.end - shard.classes.start;
  const columns = shard.images.end - shard.images.start;
  const keys = profile.saliency.flatMap(({ rule, features }) =>
    features.filter((feature) => feature !== 'persistent').map((feature) => `${rule}.${feature}`),
  );
  if (keys.sort().join() !== [...values.keys()].sort().join()) {
    return `it has [${[...values.keys()].join(', ')}], the profile wants [${keys.join(', ')}]`;
  }
  for (const [key, data] of values) {
    if (data.length !== rows * columns) return `${key} has ${data.length} values, not ${rows} x ${columns}`;
  }
  const rules = profile.saliency.filter(({ features }) => features.includes('persistent')).map(({ rule }) => rule);
  if (rules.sort().join() !== [...parity.keys()].sort().join()) {
    return `it has bit maps of [${[...parity.keys()].join(', ')}], the profile wants [${rules.join(', ')}]`;
  }
  const persistent = persistenceImages(profile, order.images.count);
  const maps = Math.max(0, Math.min(persistent, shard.images.end) - shard.images.start);
  for (const [rule, found] of parity) {
    if (found.height !== height || found.width !== width || found.images !== maps) {
      return `the bit maps of ${rule} are of ${found.images} maps of ${found.height} x ${found.width}, not ${maps} of ${height} x ${width}`;
    }
    const bytes = rows * Math.ceil((height * width) / 8);
    if (found.bits.length !== bytes) return `the bit maps of ${rule} have ${found.bits.length} bytes, not ${bytes}`;
  }
  return undefined;
}

function wrongEvidence({ classes }: Inspection, evidence: EvidenceSummary, work: Work): string | undefined {
  const { classIndex, trigger, probe } = evidence;
  const wanted = work.stage === 'confirm' ? work.classIndex : undefined;
  for (const index of [classIndex, trigger.classIndex, probe.classIndex]) {
    if (index !== wanted) return `it is about class ${index}`;
  }
  return classIndex < classes ? undefined : `class ${classIndex} is not one of ${classes}`;
}
