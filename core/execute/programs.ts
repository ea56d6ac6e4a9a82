import { compileProgram, programInputs, type ProgramOutput, type ProgramSpec } from '../compile/program.js';
import type { Tensor } from '../onnx/graph.js';
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

export function createPrograms(engine: Engine, model: BoundModel): Programs {
  const sessions = new Map<string, Promise<EngineSession>>();

  const sessionOf = (request: ProgramRequest, count: number): Promise<EngineSession> => {
    const key = JSON.stringify([request.rule, request.objective, request.outputs, request.threshold, count]);
    let session = sessions.get(key);
    if (!session) {
      const { layout, unit, inputName, logitsName } = model;
      const program = compileProgram(model.bind(count), inputName, logitsName, { ...request, layout, unit });
      session = engine.load(program.graph);
      sessions.set(key, session);
    }
    return session;
  };

  return {
    run: async (request, count, images, seeds, chosen) => {
      const session = await sessionOf(request, count);
      const feeds = new Map<string, Tensor>([[programInputs.images, float32([count, ...model.inputDims], images)]]);
      if (seeds.length)
        feeds.set(programInputs.seeds, float32([seeds.length / model.classes, 1, model.classes], seeds));
      if (chosen) feeds.set(programInputs.chosen, float32([count], chosen));
      return (await session.run(feeds)) as Map<ProgramOutput, Tensor>;
    },
    dispose: async () => {
      const open = await Promise.allSettled(sessions.values());
      sessions.clear();
      for (const outcome of open) if (outcome.status === 'fulfilled') await outcome.value.dispose();
    },
  };
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
    let data = images.subarray(start * size, (start + used) * size);
    if (used < group) {
      const filled = new Float32Array(group * size);
      filled.set(data);
      for (let i = used; i < group; i++) filled.set(data.subarray(0, size), i * size);
      data = filled;
    }
    await each(data, group, start, used);
  }
}
