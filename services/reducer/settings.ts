import { z } from 'zod';
import { commonSettings, databaseSettings, kafkaSettings, readSettings, temporalSettings } from '../common/settings.js';

const schema = z.object({ ...commonSettings, ...kafkaSettings, ...temporalSettings, ...databaseSettings });

export type ReducerSettings = z.output<typeof schema>;

/** @throws ScanError `usage`. */
export function reducerSettings(env: NodeJS.ProcessEnv): ReducerSettings {
  return readSettings(schema, env);
}
