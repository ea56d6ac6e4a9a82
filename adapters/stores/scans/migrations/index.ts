import { scans } from './001-scans.js';

/**
 * The schema's history, run by `migrate`. A migration that was released is never changed, and each leaves a schema that the
 * release before it still works with, because both run side by side while services are replaced.
 */
export const migrations: readonly Migration[] = [{ version: 1, name: 'scans', sql: scans }];

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}
