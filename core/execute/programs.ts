import { compileProgram, programInputs, type ProgramOutput, type ProgramSpec } from '../compile/program.js';
import type { Tensor, TensorData } from '../onnx/graph.js';
import type { StaticGraph } from '../onnx/specialise.js';
import { float32, sizeOf } from '../onnx/tensor.js';
import type { Engine, EngineSession } from '../ports/engine.js';
import type { ModelInput } from '../scan/images.js';
import type { RunShapes } from './tile.js';

/** A model whose image and logits are known, for any number of images per run. */
export interface BoundModel {
  readonly inputName: string;
  readonly logitsName: string;
  readonly layout: 'NCHW' | 'NHWC';
  /** Without the image axis. */
  readonly inputDims: readonly number[];
  readonly classes: number;
  /** Pixel units, one per channel. */
  readonly unit: readonly number[];
  /** Images per run that the model insists on; undefined where it takes any number. */
  readonly fixedBatch: number | undefined;
  bind(images: number): StaticGraph;
}

/** What running any part of a scan needs: the model, its programs and the images fitted to it. */
export interface Execution extends RunShapes {
  readonly programs: Programs;
  readonly model: BoundModel;
  readonly input: ModelInput;
}

export type ProgramRequest = Pick<ProgramSpec, 'rule' | 'objective' | 'outputs' | 'threshold'>;

/** Compiles programs on demand and keeps their sessions. */
export interface Programs {
  /**
   * Runs one program over `images` images at once.
   * @param images [images, ...inputDims] model input.
   * @param seeds [K, classes], one row per class seed; empty for programs that return the logits alone.
   */
  run(
    request: ProgramRequest,
    count: number,
    images: Float32Array,
    seeds: Float32Array,
    chosen?: Float32Array,
  ): Promise<Map<ProgramOutput, Tensor>>;
  dispose(): Promise<void>;
}

/**
 * Weights of the sessions that are kept; above it those used longest ago are given up, and made again when they are needed.
 * A program of a large model runs for far longer than it takes to make.
 */
const keptBytes = 2 ** 29;

interface Loaded {
  readonly session: Promise<EngineSession>;
  readonly bytes: number;
  runs: number;
}

export function createPrograms(engine: Engine, model: BoundModel): Programs {
  /** In the order of their last use. */
  const sessions = new Map<string, Loaded>();

  const load = (request: ProgramRequest, count: number): Loaded => {
    const { layout, unit, inputName, logitsName } = model;
    const graph = compileProgram(model.bind(count), inputName, logitsName, { ...request, layout, unit });
    const bytes = [...graph.initializers.values()].reduce((sum, { data }) => sum + bytesOf(data), 0);
    const leaving = giveUp(sessions, keptBytes - bytes);
    const session = Promise.all(leaving.map(dispose)).then(() => engine.load(graph));
    return { session, bytes, runs: 0 };
  };

  const loaded = (request: ProgramRequest, count: number): Loaded => {
    const key = JSON.stringify([request.rule, request.objective, request.outputs, request.threshold, count]);
    const known = sessions.get(key) ?? load(request, count);
    sessions.delete(key);
    sessions.set(key, known);
    return known;
  };

  return {
    run: async (request, count, images, seeds, chosen) => {
      const used = loaded(request, count);
      used.runs++;
      try {
        const session = await used.session;
        const feeds = new Map<string, Tensor>([[programInputs.images, float32([count, ...model.inputDims], images)]]);
        if (seeds.length)
          feeds.set(programInputs.seeds, float32([seeds.length / model.classes, 1, model.classes], seeds));
        if (chosen) feeds.set(programInputs.chosen, float32([count], chosen));
        return (await session.run(feeds)) as Map<ProgramOutput, Tensor>;
      } finally {
        used.runs--;
      }
    },
    dispose: async () => {
      const open = [...sessions.values()];
      sessions.clear();
      for (const each of open) await dispose(each);
    },
  };
}

/** Takes out idle sessions, those used longest ago first, until the rest is within `most`. */
function giveUp(sessions: Map<string, Loaded>, most: number): Loaded[] {
  let total = [...sessions.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  const leaving: Loaded[] = [];
  for (const [key, each] of sessions) {
    if (total <= most) break;
    if (each.runs > 0) continue;
    sessions.delete(key);
    leaving.push(each);
    total -= each.bytes;
  }
  return leaving;
}

/** A session that could not be made is no session. */
async function dispose({ session }: Loaded): Promise<void> {
  const made = await session.catch(() => undefined);
  await made?.dispose();
}

function bytesOf(data: TensorData): number {
  return ArrayBuffer.isView(data) ? data.byteLength : 0;
}

/** Rows of the identity: one seed per class. */
export function oneHot(classes: readonly number[], total: number): Float32Array {
  const seeds = new Float32Array(classes.length * total);
  classes.forEach((index, row) => (seeds[row * total + index] = 1));
  return seeds;
}

/**
 * Runs `count` images in groups of at most `limit`, or of exactly the batch the model insists on; a group that is too small
 * is filled up with its own first image and the surplus is dropped.
 */
export async function inGroups(
  model: BoundModel,
  count: number,
  limit: number,
  images: Float32Array,
  each: (images: Float32Array, groupSize: number, start: number, used: number) => Promise<void>,
): Promise<void> {
  const size = sizeOf(model.inputDims);
  const group = model.fixedBatch ?? Math.min(limit, count);
  for (let start = 0; start < count; start += group) {
    const used = Math.min(group, count - start);
    await each(filledUp(images.subarray(start * size, (start + used) * size), size, group), group, start, used);
  }
}

/** `count` images of `size` values: those given, and copies of the first in place of missing ones. */
export function filledUp(images: Float32Array, size: number, count: number): Float32Array {
  if (images.length === count * size) return images;
  const filled = new Float32Array(count * size);
  filled.set(images);
  for (let at = images.length; at < filled.length; at += size) filled.set(images.subarray(0, size), at);
  return filled;
}
