import { maxAhead, type Outcome, type TaskResult } from '../../core/pipeline/task.js';
import type { EngineInfo } from '../../core/ports/engine.js';
import { readInspection, writeInspection } from './inspection.js';
import { cut, hex64, integer, longest, matching, number, optional, refuse, text } from './check.js';
import { readEvidenceSummary, writeEvidenceSummary } from './evidence-summary.js';
import { readFeatures, writeFeatures } from './features.js';
import { maxMessageBytes, readMessage, writeMessage, type MessageType, type Repeated } from './message.js';
import { readReason, readTime, v1, writeReason, type types } from './parts.js';

type Fields = types.scan.v1.ShardFeatures.$Properties;

/** A message may hold messages of its own kind. */
const lists: Repeated = {
  6: { 2: 'numbers', 10: 'numbers', 15: 'numbers' },
  7: {},
  get 11() {
    return lists;
  },
};

const shardFeatures: MessageType<Fields, Fields> = {
  name: 'ShardFeatures',
  codec: v1.ShardFeatures,
  maxBytes: maxMessageBytes,
  repeated: lists,
};

/** @throws ScanError `internal` for a result that no reducer would accept. */
export function encodeTaskResult(result: TaskResult): Uint8Array {
  return writeMessage(shardFeatures, write(result), accept);
}

/** @throws ScanError `message-malformed`. */
export function decodeTaskResult(bytes: Uint8Array): TaskResult {
  return readMessage(shardFeatures, bytes, accept);
}

function write(result: TaskResult): Fields {
  const { engine, ahead } = result;
  return {
    taskId: result.taskId,
    scanId: result.scanId,
    ...(result.createdAt === undefined ? {} : { createdAtMs: result.createdAt }),
    worker: cut(result.worker, longest.word),
    seconds: result.seconds,
    ...(engine === undefined ? {} : { engine: writeEngine(engine) }),
    ...writeOutcome(result.outcome),
    ...(ahead === undefined ? {} : { ahead: ahead.map(write) }),
  };
}

function accept(fields: Fields): TaskResult {
  const ahead = fields.ahead ?? [];
  if (ahead.length > maxAhead) refuse('ahead', `holds ${ahead.length} results, ${maxAhead} are allowed`);
  if (ahead.length === 0) return acceptOne(fields);
  return { ...acceptOne(fields), ahead: ahead.map((next) => acceptAhead(next, fields.scanId)) };
}

function acceptAhead(fields: Fields, scanId: string | null | undefined): TaskResult {
  if (fields.ahead?.length) refuse('ahead', 'holds results that hold results');
  if (fields.scanId !== scanId) refuse('ahead', 'holds a result of another scan');
  return acceptOne(fields);
}

function acceptOne(fields: Fields): TaskResult {
  const scanId = matching(fields.scanId, 'scan_id', hex64);
  const outcome = readOutcome(fields, scanId);
  const taskId = fields.taskId ?? '';
  const createdAt = optional(fields.createdAtMs, (value) => readTime(value, 'created_at_ms'));
  checkTaskId(taskId, scanId, outcome);
  return {
    taskId,
    scanId,
    ...(createdAt === undefined ? {} : { createdAt }),
    worker: text(fields.worker, 'worker', longest.word),
    seconds: number(fields.seconds, 'seconds', 0, Number.MAX_VALUE),
    ...(fields.engine ? { engine: readEngine(fields.engine) } : {}),
    outcome,
  };
}

function writeOutcome(outcome: Outcome): Pick<Fields, 'inspection' | 'features' | 'evidence' | 'failure'> {
  switch (outcome.kind) {
    case 'inspection':
      return { inspection: writeInspection(outcome.inspection, outcome.images) };
    case 'features':
      return { features: writeFeatures(outcome.features) };
    case 'evidence':
      return { evidence: writeEvidenceSummary(outcome.evidence, outcome.pictures) };
    case 'failure':
      return { failure: writeReason(outcome.reason) };
  }
}

function readOutcome({ inspection, features, evidence, failure }: Fields, scanId: string): Outcome {
  if (inspection) return { kind: 'inspection', ...readInspection(inspection) };
  if (features) return { kind: 'features', features: readFeatures(features, scanId) };
  if (evidence) return { kind: 'evidence', ...readEvidenceSummary(evidence) };
  if (failure) return { kind: 'failure', reason: readReason(failure, 'failure') };
  return refuse('outcome', 'is missing, or of a kind that only a newer version knows');
}

/** A failure does not say which kind of work it was; every other outcome says which task it answers. */
function checkTaskId(taskId: string, scanId: string, outcome: Outcome): void {
  const work = taskId.startsWith(`${scanId}/`) ? taskId.slice(scanId.length + 1) : '';
  if (!/^(inspect|confirm-\d{1,6}|\d{1,6}-\d{1,6}x\d{1,6}-\d{1,6})$/.test(work)) {
    refuse('task_id', `is no task of the scan ${scanId}`);
  }
  const expected = expectedId(scanId, outcome);
  if (expected !== undefined && taskId !== expected)
    refuse('task_id', `does not fit the outcome, which is of ${expected}`);
}

function expectedId(scanId: string, outcome: Outcome): string | undefined {
  switch (outcome.kind) {
    case 'inspection':
      return `${scanId}/inspect`;
    case 'features':
      return outcome.features.shard.id;
    case 'evidence':
      return `${scanId}/confirm-${outcome.evidence.classIndex}`;
    case 'failure':
      return undefined;
  }
}

function readEngine(fields: types.scan.v1.ShardFeatures.Engine.$Properties): EngineInfo {
  return {
    name: text(fields.name, 'engine.name', longest.word),
    version: text(fields.version, 'engine.version', longest.word),
    provider: text(fields.provider, 'engine.provider', longest.word),
    threads: integer(fields.threads, 'engine.threads', 0, 65_536),
  };
}

function writeEngine(engine: EngineInfo): types.scan.v1.ShardFeatures.Engine.$Properties {
  return {
    name: cut(engine.name, longest.word),
    version: cut(engine.version, longest.word),
    provider: cut(engine.provider, longest.word),
    threads: engine.threads,
  };
}
