import { availableParallelism } from 'node:os';
import { runReport } from '../../../core/report/format.js';
import { sideBySide } from '../../../core/plan/side-by-side.js';
import { profileNamed } from '../../../core/scan/profiles.js';
import type { ScanResult } from '../../../core/scan/result.js';
import { scanModel } from '../../../core/scan/scan-model.js';
import { exitCodeOf, exitCodes } from '../exit-codes.js';
import { applyIgnores } from '../ignore/apply-ignores.js';
import { readIgnoreFile } from '../ignore/ignore-file.js';
import { scanOptions, type ScanSettings } from '../options/index.js';
import { checkOutputs, outputsOf } from '../output/outputs.js';
import { shellCommand } from '../output/shell-command.js';
import { writeReports } from '../output/write-reports.js';
import { createProgress, type Progress } from '../progress/index.js';
import { loadCleanImages, preprocessingOf } from '../settings/images.js';
import { settingsOf } from '../settings/settings.js';
import { packageVersion } from '../version.js';
import { createScanner } from '../wiring.js';
import type { CommandCall } from './command.js';

export async function scan(call: CommandCall): Promise<number> {
  const startedAt = new Date();
  const settings = await settingsOf(scanOptions, call);
  const ignores = await readIgnoreFile(settings.ignorefile);
  const outputs = outputsOf(settings);
  await checkOutputs(outputs);
  const profile = profileOf(settings);
  const images = await loadCleanImages(settings, profile.images);

  const { findModels } = await import('../../../adapters/sources/file/find-models.js');
  const found = await findModels(call.args, { extensions: ['.onnx'] });
  // What was not found becomes a failed result of its own, so that a gate cannot pass by a typing mistake.
  const paths = [...found.paths, ...found.missing];
  const progress = await createProgress(call.terminal.stderr, {
    models: paths.length,
    wanted: settings.progress,
    dumb: call.environment.TERM === 'dumb',
  });
  const results = await scanAll(paths, { settings, profile, images, progress, signal: call.signal });

  const { results: marked, warnings } = applyIgnores(results, ignores, startedAt.toISOString().slice(0, 10));
  const report = runReport({
    tool: { name: 'neuroninspect', version: packageVersion() },
    startedAt: startedAt.toISOString(),
    results: marked,
    failOn: ({ suspicious: 'warning', backdoored: 'error', never: 'never' } as const)[settings.failOn],
    warnings,
    command: shellCommand(call.commandLine),
  });
  const written = await writeReports(report, outputs, {
    terminal: call.terminal,
    colour: settings.color && !call.environment.NO_COLOR,
  });
  const code = exitCodeOf(marked, report.failOn);
  return written || code === exitCodes.finding ? code : exitCodes.failed;
}

function profileOf({ profile: name, imageCount }: ScanSettings) {
  const profile = profileNamed(name);
  return imageCount === undefined ? profile : { ...profile, images: imageCount };
}

interface Run {
  readonly settings: ScanSettings;
  readonly profile: ReturnType<typeof profileOf>;
  readonly images: Awaited<ReturnType<typeof loadCleanImages>>;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

async function scanAll(paths: readonly string[], run: Run): Promise<ScanResult[]> {
  const { settings, profile, images, progress, signal } = run;
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
