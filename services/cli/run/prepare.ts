import { profileNamed } from '../../../core/scan/profiles.js';
import type { ImageSet } from '../../../core/scan/images.js';
import type { Profile } from '../../../core/scan/profile.js';
import type { CommandCall } from '../commands/command.js';
import { readIgnoreFile, type IgnoreFile } from '../ignore/ignore-file.js';
import type { ScanSettings } from '../options/index.js';
import { checkOutputs, outputsOf, type Output } from '../output/outputs.js';
import { notesOnUnread } from './unread.js';
import { createProgress, type Progress } from '../progress/index.js';
import { loadCleanImages } from '../settings/images.js';

/** The settings of every command that judges models. */
export type JudgeSettings = Pick<
  ScanSettings,
  | 'images'
  | 'labels'
  | 'imageCount'
  | 'resize'
  | 'profile'
  | 'failOn'
  | 'ignorefile'
  | 'maxModelSize'
  | 'format'
  | 'output'
  | 'report'
  | 'progress'
  | 'color'
>;

/** What is known before the first model is looked at. */
export interface Run {
  readonly startedAt: Date;
  readonly ignores: IgnoreFile | undefined;
  readonly outputs: readonly Output[];
  readonly profile: Profile;
  readonly images: ImageSet;
  readonly paths: readonly string[];
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Whatever can be wrong with the call is found here. @throws ScanError `usage`, `output-unwritable`, `images-*`. */
export async function prepareRun(call: CommandCall, settings: JudgeSettings): Promise<Run> {
  const startedAt = new Date();
  const ignores = await readIgnoreFile(settings.ignorefile);
  const outputs = outputsOf(settings);
  await checkOutputs(outputs);
  const profile = profileOf(settings);
  const images = await loadCleanImages(settings, profile.images);

  const { findModels } = await import('../../../adapters/sources/file/find-models.js');
  const found = await findModels(call.args, { limits: { maxModelBytes: settings.maxModelSize } });
  // What was not found becomes a failed result of its own, so that a gate cannot pass by a typing mistake.
  const paths = [...found.paths, ...found.missing];
  const progress = await createProgress(call.terminal.stderr, {
    models: paths.length,
    wanted: settings.progress,
    dumb: call.environment.TERM === 'dumb',
  });
  for (const note of notesOnUnread(found.unread)) progress.note(note);
  return { startedAt, ignores, outputs, profile, images, paths, progress, signal: call.signal };
}

function profileOf({ profile: name, imageCount }: JudgeSettings): Profile {
  const profile = profileNamed(name);
  return imageCount === undefined ? profile : { ...profile, images: imageCount };
}
