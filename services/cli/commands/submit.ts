import { printable, printableLines } from '../../../core/report/text.js';
import { ScanError } from '../../../core/scan/errors.js';
import type { ScanResult } from '../../../core/scan/result.js';
import { exitCodeOf, exitCodes } from '../exit-codes.js';
import { submitOptions, type SubmitSettings } from '../options/index.js';
import { flagOf, keyOf, variableOf } from '../options/option.js';
import { write } from '../process.js';
import { describeResult } from '../progress/index.js';
import { prepareRun, type Run } from '../run/prepare.js';
import { reportRun } from '../run/report.js';
import { preprocessingOf } from '../settings/images.js';
import { settingsOf } from '../settings/settings.js';
import type { Judging, Submitted } from '../submit/judge.js';
import type { Submission } from '../submit/order.js';
import type { CommandCall } from './command.js';

export async function submit(call: CommandCall): Promise<number> {
  const settings = await settingsOf(submitOptions, call);
  const { objectStore, temporalAddress: address, temporalNamespace: namespace } = settings;
  if (objectStore === undefined) throw missing('objectStore');
  if (address === undefined) throw missing('temporalAddress');
  if (!settings.wait) checkNothingToReport(call.flags);
  const { openObjectStore } = await import('../../../adapters/stores/objects/open.js');
  const store = openObjectStore(objectStore);
  const run = await prepareRun(call, settings);
  try {
    const [{ connectCluster }, { storeImages }, { judgeAll, submitAll }] = await Promise.all([
      import('../submit/cluster.js'),
      import('../submit/images.js'),
      import('../submit/judge.js'),
    ]);
    const cluster = await connectCluster({ address, namespace });
    try {
      const images = await storeImages(store, run.images);
      const { progress, signal, paths } = run;
      const judging: Judging = {
        submission: { store, images, imageKind: run.images.kind, ...termsOf(settings, run) },
        cluster,
        progress,
        signal,
        timeout: settings.timeout,
        giveUpAfter: settings.timeout + grace,
        // Each question costs the orchestrator a little: all of them together are ten a second at most.
        pollEvery: settings.progress && call.terminal.stderr.isTTY ? Math.max(2, paths.length / 10) : undefined,
      };
      if (settings.wait) {
        const results = await judgeAll(paths, judging);
        progress.stop();
        return await reportRun(call, settings, run, results);
      }
      const submitted = await submitAll(paths, judging, (each) => each);
      progress.stop();
      return await listScans(call, submitted);
    } finally {
      await cluster.close();
    }
  } finally {
    run.progress.stop();
  }
}

/** Seconds in which the pipeline says itself that a scan was out of time. */
const grace = 60;

/** What makes the scan id the same as that of `scan`. */
function termsOf(settings: SubmitSettings, { profile }: Run): Pick<Submission, 'settings' | 'limits' | 'lane'> {
  const { inputName, logitsName, maxModelSize, maxMemory, lane } = settings;
  return {
    settings: { profile, preprocessing: preprocessingOf(settings), selection: { inputName, logitsName } },
    limits: { maxModelBytes: Math.ceil(maxModelSize), maxRunBytes: Math.ceil(maxMemory) },
    lane,
  };
}

/** Scan id and path of each model on stdout; what could not be submitted on stderr. */
async function listScans({ terminal }: CommandCall, submitted: readonly Submitted[]): Promise<number> {
  const failures: ScanResult[] = [];
  for (const each of submitted) {
    if ('order' in each) {
      await write(terminal.stdout, `${each.order.scanId}  ${printable(each.order.model.name, Infinity)}\n`);
    } else {
      failures.push(each.failed);
      await write(
        terminal.stderr,
        `neuroninspect: ${printableLines(each.failed.reason?.message ?? describeResult(each.failed))}\n`,
      );
    }
  }
  if (failures.length === 0) return exitCodes.clean;
  return failures.length === submitted.length ? exitCodeOf(failures, 'never') : exitCodes.failed;
}

function checkNothingToReport(flags: CommandCall['flags']): void {
  const flag = (['format', 'output', 'report'] as const).find((name) => flags[name] !== undefined);
  if (flag !== undefined) {
    throw new ScanError('usage', `--no-wait leaves nothing to report: leave out ${flagOf(flag, submitOptions[flag])}`);
  }
}

function missing(name: 'objectStore' | 'temporalAddress'): ScanError {
  const { expects } = submitOptions[name];
  return new ScanError(
    'usage',
    `${flagOf(name, submitOptions[name])} is missing: give ${expects}, or set ${keyOf(name)} in neuroninspect.yaml or ${variableOf(name)}`,
  );
}
