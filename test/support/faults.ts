import assert from 'node:assert/strict';
import { basename } from 'node:path';
import {
  exampleFleet,
  scanEmbedded,
  startTestPipeline,
  verdictOf,
  type JsonResult,
  type Submission,
  type TestPipeline,
  type TestPipelineOptions,
} from './pipeline.js';
import { temporaryFolder } from './temporary-folder.js';

export interface Disturbance extends TestPipelineOptions {
  /** How many models are scanned meanwhile; default 6. */
  readonly models?: number;
  /** Done before the models are submitted. */
  readonly prepare?: (pipeline: TestPipeline) => Promise<void>;
  /** Done once the models are submitted; the verdicts are awaited after it. */
  readonly disturb?: (pipeline: TestPipeline, submission: Submission) => Promise<void>;
  /** Further checks when all verdicts are there. */
  readonly check?: (pipeline: TestPipeline) => Promise<void>;
}

/**
 * Scans a fleet through a pipeline that is disturbed meanwhile and holds what must be true after any fault: one verdict for
 * each scan, each of them that of the embedded scanner bit for bit, one result for each task, and no work left behind.
 */
export async function survives(disturbance: Disturbance): Promise<void> {
  const { models: count = 6, prepare, disturb, check, ...options } = disturbance;
  const { models, expected } = await fleetOf(count);
  const pipeline = await startTestPipeline(options);
  try {
    await prepare?.(pipeline);
    const submission = pipeline.submit(models);
    await disturb?.(pipeline, submission);
    assertSameVerdicts(await submission.results, expected);
    await assertCountedOnce(pipeline, count);
    await check?.(pipeline);
  } catch (error) {
    for (const service of pipeline.services) console.error(`--- ${service.name}\n${service.log().slice(-3000)}`);
    throw error;
  } finally {
    await pipeline.stop();
  }
}

const fleet: string[] = [];
const verdicts = new Map<string, JsonResult>();

/** The first models of one fleet and what the embedded scanner says of them: asked once, every pipeline begins with nothing. */
async function fleetOf(
  count: number,
): Promise<{ readonly models: readonly string[]; readonly expected: ReadonlyMap<string, JsonResult> }> {
  if (fleet.length < count) {
    const more = exampleFleet(temporaryFolder('fleet').path, count - fleet.length);
    for (const [digest, result] of await scanEmbedded(more)) verdicts.set(digest, result);
    fleet.push(...more);
  }
  const models = fleet.slice(0, count);
  const names = new Set(models.map((path) => basename(path)));
  return { models, expected: new Map([...verdicts].filter(([, { model }]) => names.has(basename(model.path)))) };
}

export function assertSameVerdicts(
  results: ReadonlyMap<string, JsonResult>,
  expected: ReadonlyMap<string, JsonResult>,
): void {
  assert.deepEqual([...results.keys()].sort(), [...expected.keys()].sort());
  for (const [digest, result] of results) assert.deepEqual(verdictOf(result), verdictOf(expected.get(digest)!));
}

async function assertCountedOnce(pipeline: TestPipeline, scans: number): Promise<void> {
  const [counts] = await pipeline.query<Record<string, string>>(
    `select (select count(*) from scans) as scans,
            (select count(*) from verdicts) as verdicts,
            (select count(*) from tasks) - (select count(*) from tasks join results using (scan_id, task_id)) as open`,
  );
  assert.deepEqual(counts, { scans: String(scans), verdicts: String(scans), open: '0' });
}

/** Every task has one result that counts, as far as the reducers tell that are running since the first. */
export async function assertFirstsTold(pipeline: TestPipeline): Promise<void> {
  const [row] = await pipeline.query<{ tasks: string }>('select count(*) as tasks from tasks');
  assert.equal(await total(pipeline, 'reducer', 'results_total', { outcome: 'first' }), Number(row!.tasks));
}

/** Sum over all series of a counter, or of those whose labels hold all these. */
export async function total(
  pipeline: TestPipeline,
  services: string,
  metric: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  let sum = 0;
  for (const service of pipeline.services) {
    if (service.kind !== services && service.name !== services) continue;
    if (service.pid === undefined) continue;
    for (const [series, value] of await service.metrics()) {
      const [name] = series.split('{');
      if (name !== `neuroninspect_${metric}`) continue;
      if (Object.entries(labels).every(([label, text]) => series.includes(`${label}="${text}"`))) sum += value;
    }
  }
  return sum;
}
