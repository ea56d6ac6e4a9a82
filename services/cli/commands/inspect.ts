import { availableParallelism } from 'node:os';
import { createIsolatedRunner } from '../../../adapters/isolation/index.js';
import { findModels } from '../../../adapters/sources/file/find-models.js';
import { sideBySide } from '../../../core/plan/side-by-side.js';
import { printableLines } from '../../../core/report/text.js';
import { profileNamed } from '../../../core/scan/profiles.js';
import { packageVersion } from '../../common/version.js';
import { exitCodeOfInspection } from '../exit-codes.js';
import { inspectModel, type InspectEntry } from '../inspect/entry.js';
import { inspectJson } from '../inspect/json.js';
import { inspectTable } from '../inspect/table.js';
import { inspectOptions, type InspectSettings } from '../options/index.js';
import { write } from '../process.js';
import { notesOnUnread } from '../run/unread.js';
import { settingsOf } from '../settings/settings.js';
import type { CommandCall } from './command.js';

export async function inspect(call: CommandCall): Promise<number> {
  const settings = await settingsOf(inspectOptions, call);
  const found = await findModels(call.args, { limits: { maxModelBytes: settings.maxModelSize } });
  for (const note of notesOnUnread(found.unread)) {
    await write(call.terminal.stderr, `neuroninspect: ${printableLines(note)}\n`);
  }
  const entries = await inspectAll([...found.paths, ...found.missing], settings, call.signal);
  const { stdout } = call.terminal;
  const colour = settings.color && stdout.isTTY && !call.environment.NO_COLOR;
  const json = settings.format === 'json';
  await write(stdout, json ? inspectJson(entries, packageVersion()) : inspectTable(entries, colour));
  return exitCodeOfInspection(entries);
}

async function inspectAll(
  paths: readonly string[],
  settings: InspectSettings,
  signal: AbortSignal,
): Promise<InspectEntry[]> {
  const workers = settings.workers ?? availableParallelism();
  const profile = profileNamed(settings.profile);
  const runner = createIsolatedRunner({ workers, provider: 'cpu', timeoutMs: settings.timeout * 1000 });
  const end = (): void => void runner.close();
  signal.addEventListener('abort', end);
  try {
    return await sideBySide(paths, { most: workers }, (path) =>
      inspectModel(runner, {
        path,
        profile: { ...profile, images: settings.imageCount ?? profile.images },
        selection: { inputName: settings.inputName, logitsName: settings.logitsName },
        layout: settings.layout,
        size: settings.resize,
        limits: { maxModelBytes: settings.maxModelSize, maxRunBytes: settings.maxMemory },
        workers,
      }),
    );
  } finally {
    signal.removeEventListener('abort', end);
    await runner.close();
  }
}
