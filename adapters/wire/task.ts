import type { ImagesReference, ModelReference, ScanOrder } from '../../core/pipeline/order.js';
import { taskId, type Task, type Work } from '../../core/pipeline/task.js';
import type { ModelLimits } from '../../core/ports/runner.js';
import { canonicalJson, scanId } from '../../core/scan/scan-id.js';
import { sha256 } from '../hash/sha256.js';
import { cut, hex64, integer, list, longest, matching, most, present, refuse, sha256Digest, text } from './check.js';
import { maxMessageBytes, readMessage, writeMessage, type MessageType } from './message.js';
import { modelPaths } from './paths.js';
import { readBlob, readLane, readShard, readTime, v1, writeLane, writeShard, type types } from './parts.js';
import { parseSettings } from './settings.js';

type Fields = types.scan.v1.ShardTask.$Properties;

const shardTask: MessageType<Fields, Fields> = {
  name: 'ShardTask',
  codec: v1.ShardTask,
  maxBytes: maxMessageBytes,
  repeated: { 7: {} },
};

/** @throws ScanError `internal` for a task that no worker would accept. */
export function encodeTask(task: Task): Uint8Array {
  const { order, work } = task;
  const { profile, preprocessing, selection } = order.settings;
  return writeMessage(
    shardTask,
    {
      taskId: task.id,
      scanId: order.scanId,
      lane: writeLane(task.lane),
      orderedLane: writeLane(order.lane),
      round: task.round,
      createdAtMs: task.createdAt,
      notAfterMs: task.notAfter,
      model: {
        name: cut(order.model.name, longest.name),
        digest: order.model.digest,
        format: order.model.format,
        files: order.model.files.map(({ path, sha256, bytes }) => ({ path, blob: { sha256, bytes } })),
      },
      images: {
        digest: order.images.digest,
        blob: { sha256: order.images.sha256, bytes: order.images.bytes },
        count: order.images.count,
        labelled: order.images.labelled,
      },
      settingsJson: canonicalJson({ profile, preprocessing, selection }),
      limits: { ...order.limits },
      ...writeWork(work),
    },
    accept,
  );
}

/** @throws ScanError `message-malformed`. */
export function decodeTask(bytes: Uint8Array): Task {
  return readMessage(shardTask, bytes, accept);
}

function accept(fields: Fields): Task {
  const lane = readLane(fields.lane, 'lane');
  const order: ScanOrder = {
    scanId: matching(fields.scanId, 'scan_id', hex64),
    model: readModel(fields.model),
    images: readImages(fields.images),
    settings: parseSettings(fields.settingsJson ?? ''),
    limits: readLimits(fields.limits),
    // Absent in messages of senders that knew no change of lanes.
    lane: fields.orderedLane ? readLane(fields.orderedLane, 'ordered_lane') : lane,
  };
  checkScanId(order, fields.settingsJson ?? '');
  const work = readWork(fields, order);
  const id = taskId(order.scanId, work);
  if (fields.taskId !== id) refuse('task_id', `does not name this work, which is ${id}`);
  const createdAt = readTime(fields.createdAtMs, 'created_at_ms');
  return {
    id,
    order,
    lane,
    round: integer(fields.round, 'round', 0),
    createdAt,
    notAfter: integer(fields.notAfterMs, 'not_after_ms', createdAt, 8.64e15),
    work,
  };
}

function readModel(fields: Fields['model']): ModelReference {
  const model = present(fields, 'model');
  const files = list(model.files, 'model.files', most.files).map(({ path, blob }) => ({
    path: path ?? '',
    ...readBlob(blob, 'model.files.blob'),
  }));
  modelPaths(files.map(({ path }) => path));
  return {
    name: text(model.name, 'model.name', longest.name),
    digest: matching(model.digest, 'model.digest', sha256Digest),
    format: matching(model.format, 'model.format', /^[a-z0-9][a-z0-9.-]{0,31}$/),
    files,
  };
}

function readImages(fields: Fields['images']): ImagesReference {
  const images = present(fields, 'images');
  const count = integer(images.count, 'images.count', 1, most.images);
  return {
    digest: matching(images.digest, 'images.digest', sha256Digest),
    ...readBlob(images.blob, 'images.blob'),
    count,
    labelled: integer(images.labelled, 'images.labelled', 0, count),
  };
}

function readLimits(fields: Fields['limits']): ModelLimits {
  const limits = present(fields, 'limits');
  return {
    maxModelBytes: integer(limits.maxModelBytes, 'limits.max_model_bytes', 1),
    maxRunBytes: integer(limits.maxRunBytes, 'limits.max_run_bytes', 1),
  };
}

/** Nobody can change settings, model or images of a scan that was ordered. */
function checkScanId({ scanId: given, model, images }: ScanOrder, settingsJson: string): void {
  const parts = { modelDigest: model.digest, imagesDigest: images.digest, profileHash: sha256(settingsJson) };
  const expected = scanId(sha256, parts);
  if (given !== expected) refuse('scan_id', `is ${given}, but model, images and settings give ${expected}`);
}

function writeWork(work: Work): Pick<Fields, 'inspect' | 'saliency' | 'confirm'> {
  switch (work.stage) {
    case 'inspect':
      return { inspect: {} };
    case 'saliency':
      return { saliency: writeShard(work.shard) };
    case 'confirm':
      return { confirm: { classIndex: work.classIndex } };
  }
}

function readWork({ inspect, saliency, confirm }: Fields, { scanId, images }: ScanOrder): Work {
  if (inspect) return { stage: 'inspect' };
  if (confirm) {
    return { stage: 'confirm', classIndex: integer(confirm.classIndex, 'confirm.class_index', 0, most.classes - 1) };
  }
  if (!saliency) return refuse('work', 'is missing, or of a kind that only a newer version knows');
  const shard = readShard(saliency, 'saliency', scanId);
  if (shard.images.end > images.count) {
    refuse('saliency.images.end', `is ${shard.images.end}, but there are ${images.count} images`);
  }
  return { stage: 'saliency', shard };
}
