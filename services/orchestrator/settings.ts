import { z } from 'zod';
import {
  commonSettings,
  databaseSettings,
  kafkaSettings,
  objectStoreSettings,
  readSettings,
  temporalSettings,
} from '../common/settings.js';

const schema = z.object({
  ...commonSettings,
  ...kafkaSettings,
  ...temporalSettings,
  ...databaseSettings,
  ...objectStoreSettings,
});

export type OrchestratorSettings = z.output<typeof schema>;

/** @throws ScanError `usage`. */
export function orchestratorSettings(env: NodeJS.ProcessEnv): OrchestratorSettings {
  return readSettings(schema, env);
}
