import { fitEnd } from '../../../core/report/terminal.js';
import { printable, printableLines } from '../../../core/report/text.js';
import type { ScanProgress } from '../../../core/scan/scan-model.js';
import type { Progress } from './progress.js';

/** How much of a model's time a stage takes, roughly: saliency is most of it. */
const stages: Readonly<Record<ScanProgress['stage'], { start: number; share: number; says: string }>> = {
  identify: { start: 0, share: 0.02, says: 'reading' },
  inspect: { start: 0.02, share: 0.08, says: 'inspecting' },
  saliency: { start: 0.1, share: 0.65, says: 'saliency' },
  confirm: { start: 0.75, share: 0.25, says: 'confirming' },
  done: { start: 1, share: 0, says: 'done' },
};

/** One bar over all models; the text names the model that moved last. */
export async function barProgress(stream: NodeJS.WriteStream, models: number): Promise<Progress> {
  const { default: progress } = await import('cli-progress');
  const bar = new progress.SingleBar({
    stream,
    format: `  {bar} {done}/${models}  {says}`,
    barCompleteChar: '━',
    barIncompleteChar: '╌',
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
    fps: 8,
  });
  const shares = new Map<string, number>();
  let done = 0;
  bar.start(models, 0, { done, says: '' });
  const draw = (says: string, path: string): void => {
    // What is left of the line beside the bar and the counts.
    const room = Math.max(12, (stream.columns || 80) - 50);
    const sum = [...shares.values()].reduce((total, share) => total + share, 0);
    bar.update(sum, { done, says: `${says} ${fitEnd(printable(path, Infinity), room)}` });
  };
  return {
    update({ path, stage, done: part, total }) {
      const { start, share, says } = stages[stage];
      shares.set(path, start + (total > 0 ? (share * part) / total : share));
      draw(says, path);
    },
    finished({ model }) {
      done++;
      shares.set(model.path, 1);
      draw(stages.done.says, model.path);
    },
    note(message) {
      stream.write(`\r\u001b[Kneuroninspect: ${printableLines(message)}\n`);
    },
    stop: () => {
      bar.stop();
    },
  };
}
