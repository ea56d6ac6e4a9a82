import type { Graph, Node, ValueInfo } from '../onnx/graph.js';
import { liveNodes } from '../onnx/live.js';
import type { StaticGraph } from '../onnx/specialise.js';
import { ints, sizeOf } from '../onnx/tensor.js';
import { saliencyRules } from '../saliency/index.js';
import { ScanError } from '../scan/errors.js';
import type { SaliencyRuleName } from '../scan/features.js';
import type { Gradient } from './backward/rule.js';
import { differentiate, expandGradient } from './differentiate.js';
import { createEmitter, type Emitter } from './emit.js';
import { emitMaps } from './maps.js';
import { withRewrites } from './rewrite.js';

/** What a program may be asked to return. N images, K class seeds, C classes. */
export const programOutputs = ['logits', 'loss', 'gradient', 'heatmap', 'gain', 'sparse', 'smooth', 'parity'] as const;
export type ProgramOutput = (typeof programOutputs)[number];

export interface ProgramSpec {
  readonly rule: SaliencyRuleName;
  readonly layout: 'NCHW' | 'NHWC';
  readonly outputs: readonly ProgramOutput[];
  /**
   * - `logit`: the gradient of the logits weighted by the seeds.
   * - `cross-entropy`: the gradient of the summed softmax cross-entropy to the one-hot seed (K = 1).
   */
  readonly objective: 'logit' | 'cross-entropy';
  /** Model-input units per unit of pixel, one per channel; the maps are in pixel units. Default 1. */
  readonly unit?: readonly number[] | undefined;
  /** Threshold T of the persistence feature (paper, section "Features Extraction"). */
  readonly threshold?: number | undefined;
}

export const programInputs = { images: 'images', seeds: 'seeds', chosen: 'chosen' } as const;

/**
 * A graph that returns saliency instead of logits.
 *
 * Inputs: `images` [N, ...] as the model takes them, `seeds` [K, 1, C] float32, `chosen` [N] float32 (with output `parity`:
 * 1 for the images that take part).
 * Outputs, by name: `logits` [N, C]; `loss` [N]; `gradient` [K, N, ...input]; `heatmap` [K, N, H, W] in 0..1;
 * `gain`, `sparse`, `smooth` [K, N]; `parity` [K, H, W] uint8.
 *
 * @throws ScanError `model-unsupported-op`, `model-not-a-classifier`.
 */
export function compileProgram(model: StaticGraph, inputName: string, logitsName: string, spec: ProgramSpec): Graph {
  const { model: renamed, rename } = claimNames(model, inputName);
  const logitsOf = rename(logitsName);
  const inputDims = renamed.types.get(programInputs.images)!.dims;
  const logitDims = renamed.types.get(logitsOf)!.dims;
  const images = inputDims[0]!;
  const classes = sizeOf(logitDims) / images;

  const nodeNames = renamed.graph.nodes.map(({ name }) => name);
  const taken = new Set([...renamed.types.keys(), ...nodeNames, ...programOutputs, ...Object.values(programInputs)]);
  const emit = withRewrites(
    createEmitter(taken),
    new Set([programInputs.seeds]),
    (name) => renamed.types.get(name)?.dims,
  );
  emit.scope('head');
  const flat = emit.reshape(logitsOf, [images, classes]);
  const results = new Map<string, string>();
  if (spec.outputs.includes('logits')) results.set('logits', flat);
  if (spec.outputs.includes('loss')) results.set('loss', crossEntropy(emit, flat));

  if (spec.outputs.some((output) => output !== 'logits' && output !== 'loss')) {
    const seed = spec.objective === 'logit' ? logitSeed(emit, logitDims) : crossEntropySeed(emit, flat, logitDims);
    const gradient = differentiate(renamed, saliencyRules[spec.rule], emit, programInputs.images, logitsOf, seed);
    if (!gradient) {
      throw new ScanError(
        'model-not-a-classifier',
        `the output '${logitsName}' does not depend on the input '${inputName}'; name others with --input-name and --logits-name`,
      );
    }
    for (const [name, value] of gradientOutputs(emit, gradient, inputDims, spec)) results.set(name, value);
  }
  return assemble(renamed, emit, results, spec, images, classes);
}

/** The seeds are the gradient of the logits; they do not depend on the image. */
function logitSeed(emit: Emitter, logitDims: readonly number[]): Gradient {
  const dims = [1, ...logitDims.slice(1)];
  return {
    name: logitDims.length === 2 ? programInputs.seeds : emit.reshape(programInputs.seeds, [-1, ...dims]),
    dims,
  };
}

/** d/dlogits of -sum seed log softmax(logits) = softmax(logits) - seed. */
function crossEntropySeed(emit: Emitter, flat: string, logitDims: readonly number[]): Gradient {
  const difference = emit.op('Sub', [emit.op('Softmax', [flat], { axis: 1 }), programInputs.seeds]);
  return { name: emit.reshape(difference, [-1, ...logitDims]), dims: logitDims };
}

function crossEntropy(emit: Emitter, flat: string): string {
  const seed = emit.op('Squeeze', [programInputs.seeds, emit.constant(ints(0))]);
  const weighted = emit.op('Mul', [emit.op('LogSoftmax', [flat], { axis: 1 }), seed]);
  return emit.op('Neg', [emit.reduceSum(weighted, [1])]);
}

function gradientOutputs(
  emit: Emitter,
  gradient: Gradient,
  inputDims: readonly number[],
  spec: ProgramSpec,
): Map<string, string> {
  const results = new Map<string, string>();
  if (spec.outputs.includes('gradient')) {
    emit.scope('head');
    results.set('gradient', expandGradient(emit, gradient, inputDims).name);
  }
  const wanted = spec.outputs.filter((output) => ['heatmap', 'gain', 'sparse', 'smooth', 'parity'].includes(output));
  if (wanted.length) {
    emit.scope('maps');
    for (const [name, value] of emitMaps(emit, gradient, inputDims, spec, wanted)) results.set(name, value);
  }
  return results;
}

function assemble(
  model: StaticGraph,
  emit: Emitter,
  results: ReadonlyMap<string, string>,
  spec: ProgramSpec,
  images: number,
  classes: number,
): Graph {
  const [input] = model.graph.inputs.filter(({ name }) => name === programInputs.images);
  const float = (name: string, dims: ValueInfo['dims']): ValueInfo => ({ name, dtype: 'float32', dims });
  const seeded = spec.outputs.some((output) => output !== 'logits');
  const ends: Node[] = [...results].map(([name, value]) => ({
    name,
    op: 'Identity',
    domain: '',
    inputs: [value],
    outputs: [name],
    attributes: new Map(),
  }));
  const nodes = liveNodes([...model.graph.nodes, ...emit.nodes, ...ends], results.keys());
  const used = new Set(nodes.flatMap((node) => node.inputs));
  return {
    ...model.graph,
    name: `${spec.rule} saliency`,
    inputs: [
      float(programInputs.images, model.types.get(input!.name)!.dims),
      ...(seeded ? [float(programInputs.seeds, ['K', 1, classes])] : []),
      ...(spec.outputs.includes('parity') ? [float(programInputs.chosen, [images])] : []),
    ],
    outputs: [...results.keys()].map((name) => ({
      name,
      dtype: name === 'parity' ? ('uint8' as const) : ('float32' as const),
      dims: undefined,
    })),
    nodes,
    initializers: new Map([...model.graph.initializers, ...emit.initializers].filter(([name]) => used.has(name))),
    metadata: new Map(),
  };
}

/** Calls the image input `images` and moves forward values out of the way of the program's own names. */
function claimNames(model: StaticGraph, inputName: string): { model: StaticGraph; rename: (name: string) => string } {
  const reserved = new Set<string>([...programOutputs, ...Object.values(programInputs)]);
  const renamed = new Map<string, string>([[inputName, programInputs.images]]);
  for (const name of model.types.keys()) {
    if (!reserved.has(name) || name === inputName) continue;
    let free = `model/${name}`;
    while (model.types.has(free)) free += '_';
    renamed.set(name, free);
  }
  const rename = (name: string): string => renamed.get(name) ?? name;
  // Engines refuse two nodes of one name, and the program's ends are named like its outputs.
  const nodeNames = new Set<string>(reserved);
  const nodeName = (name: string): string => {
    let free = name;
    while (free !== '' && nodeNames.has(free)) free = `model/${free}`;
    nodeNames.add(free);
    return free;
  };
  const { graph, types } = model;
  return {
    rename,
    model: {
      types: new Map([...types].map(([name, type]) => [rename(name), type])),
      graph: {
        ...graph,
        inputs: graph.inputs.map((info) => ({ ...info, name: rename(info.name) })),
        outputs: graph.outputs.map((info) => ({ ...info, name: rename(info.name) })),
        nodes: graph.nodes.map((node) => ({
          ...node,
          name: nodeName(node.name),
          inputs: node.inputs.map(rename),
          outputs: node.outputs.map(rename),
        })),
        initializers: new Map([...graph.initializers].map(([name, tensor]) => [rename(name), tensor])),
      },
    },
  };
}
