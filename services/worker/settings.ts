import { availableParallelism, homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { engineNames, mismatch, providerNames } from '../../adapters/engines/names.js';
import { commonSettings, kafkaSettings, objectStoreSettings, text, wholeNumber } from '../common/settings.js';

const sizePattern = /^(\d{1,15})(?:([KMGT])(i)?)?B?$/;

export type WorkerSettings = z.output<typeof workerSettings>;

/** `NEURONINSPECT_PROVIDER` and so on, beside the settings all services share. */
export const workerSettings = z
  .object({
    ...commonSettings,
    ...kafkaSettings,
    ...objectStoreSettings,
    engine: z.enum(engineNames).describe('what computes: onnxruntime or tfjs').default('onnxruntime'),
    provider: z
      .enum(providerNames)
      .describe('what the engine computes with: cpu, cuda, webgpu or auto; with tfjs gpu, node, wasm, cpu or auto')
      .optional(),
    workers: wholeNumber(1, 1024, 'how many engine processes work side by side').default(availableParallelism()),
    cacheDir: text('the folder for model files; each worker needs its own').default(
      join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'neuroninspect', 'worker'),
    ),
    cacheSize: size('what the model files on disk may take, in bytes or like 10GiB').default(10 * 2 ** 30),
    taskTimeout: wholeNumber(1, 86_400, 'seconds that one task may compute').default(600),
    taskTries: wholeNumber(1, 100, 'how often a task that breaks the engine is tried').default(3),
    maxEngineMemory: size('what one engine process may take, in bytes or like 4GiB').optional(),
  })
  .superRefine(({ engine, provider }, context) => {
    const problem = provider && mismatch(engine, provider);
    if (problem) context.addIssue({ code: 'custom', path: ['provider'], message: problem });
  });

function size(description: string) {
  return z
    .string()
    .regex(sizePattern, 'must be a number of bytes, or a whole number with KB, MB, GB, TB, KiB, MiB, GiB or TiB')
    .transform((value) => {
      const [, number, prefix, binary] = sizePattern.exec(value)!;
      return Number(number) * (binary ? 1024 : 1000) ** ' KMGT'.indexOf(prefix ?? ' ');
    })
    .refine((bytes) => bytes >= 2 ** 20 && Number.isSafeInteger(bytes), 'must be at least 1MiB')
    .describe(description);
}
