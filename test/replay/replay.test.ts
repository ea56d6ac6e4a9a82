import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from '@temporalio/worker';
import { builtBundle, quietRuntime } from '../workflows/support/environment.js';
import { keptHistories } from '../workflows/support/histories.js';

test('scans that an earlier version has under way go on with this one', async () => {
  quietRuntime();
  const histories = keptHistories();
  assert.ok(histories.length >= 8, `${histories.length} histories are kept`);
  const results = Worker.runReplayHistories(
    { workflowBundle: await builtBundle(), replayName: 'kept histories' },
    histories,
  );
  const failures: string[] = [];
  for await (const { workflowId, error } of results) if (error) failures.push(`${workflowId}: ${error.message}`);
  assert.deepEqual(failures, []);
});
