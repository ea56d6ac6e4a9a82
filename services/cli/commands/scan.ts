import { availableParallelism } from 'node:os';
import { sideBySide } from '../../../core/plan/side-by-side.js';
import type { ScanResult } from '../../../core/scan/result.js';
import { scanModel } from '../../../core/scan/scan-model.js';
import { scanOptions, type ScanSettings } from '../options/index.js';
import { prepareRun, type Run } from '../run/prepare.js';
import { reportRun } from '../run/report.js';
import { preprocessingOf } from '../settings/images.js';
import { settingsOf } from '../settings/settings.js';
import { createScanner } from '../wiring.js';
import type { CommandCall } from './command.js';

export async function scan(call: CommandCall): Promise<number> {
  const settings = await settingsOf(scanOptions, call);
  const run = await prepareRun(call, settings);
  return reportRun(call, settings, run, await scanAll(settings, run));
}

async function scanAll(settings: ScanSettings, run: Run): Promise<ScanResult[]> {
  const { paths, profile, images, progress, signal } = run;
  const workers = settings.workers ?? availableParallelism();
  const scanner = createScanner(settings, workers, progress);
  try {
    return await sideBySide(
      paths,
      // A model for each worker; the last ones left are worked on by all.
      { most: workers },
      async (path) => {
        const result = await scanModel(scanner.dependencies, {
          path,
          images,
          preprocessing: preprocessingOf(settings),
          profile,
          selection: { inputName: settings.inputName, logitsName: settings.logitsName },
          limits: { maxModelBytes: settings.maxModelSize, maxRunBytes: settings.maxMemory },
          timeoutSeconds: settings.timeout,
          signal,
        });
        progress.finished(result);
        return result;
      },
    );
  } finally {
    progress.stop();
    await scanner.close();
  }
}
