import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { historyFromJSON, historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { repoRoot } from '../../support/paths.js';

const folder = join(repoRoot, 'test', 'replay', 'histories');

/** With UPDATE_HISTORIES=1 the history becomes one that all later versions of the workflows are replayed against. */
export async function keepHistory(name: string, handle: WorkflowHandle): Promise<void> {
  if (process.env.UPDATE_HISTORIES !== '1') return;
  const history: unknown = JSON.parse(historyToJSON(await handle.fetchHistory()), withoutPlaces);
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(history)}\n`);
}

export function keptHistories() {
  return readdirSync(folder).map((file) => ({
    workflowId: file.replace('.json', ''),
    history: historyFromJSON(JSON.parse(readFileSync(join(folder, file), 'utf8'))),
  }));
}

/** Names of machines and folders have no place in a repository, and nothing depends on them. */
function withoutPlaces(key: string, value: unknown): unknown {
  return key === 'identity' || key === 'stackTrace' ? '' : value;
}
