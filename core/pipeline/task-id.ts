import type { Stage, Work } from './task.js';

const number = '(0|[1-9][0-9]{0,8})';
const pattern = new RegExp(
  `^([0-9a-f]{64})/(?:(inspect)|confirm-${number}|(${number}-${number}x${number}-${number}))$`,
);

/** What `taskId` wrote; undefined for any other text. */
export function parseTaskId(id: string): { readonly scanId: string; readonly work: Work } | undefined {
  const [, scanId, inspect, confirm, saliency, ...ends] = pattern.exec(id) ?? [];
  if (scanId === undefined) return undefined;
  if (inspect !== undefined) return { scanId, work: { stage: 'inspect' } };
  if (confirm !== undefined) return { scanId, work: { stage: 'confirm', classIndex: Number(confirm) } };
  const [classStart, classEnd, imageStart, imageEnd] = ends.map(Number) as [number, number, number, number];
  if (saliency === undefined || classStart >= classEnd || imageStart >= imageEnd) return undefined;
  const classes = { start: classStart, end: classEnd };
  const images = { start: imageStart, end: imageEnd };
  return { scanId, work: { stage: 'saliency', shard: { id, classes, images } } };
}

export function stageOfTask(id: string): Stage | undefined {
  return parseTaskId(id)?.work.stage;
}
