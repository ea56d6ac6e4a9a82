import { runChecks, type BoundGraph } from '../checks/index.js';
import { compileProgram, type ProgramOutput } from '../compile/program.js';
import { bindTo, imageInputOf } from '../execute/bind.js';
import type { BoundModel } from '../execute/programs.js';
import { chooseRunShapes, runBytes } from '../execute/tile.js';
import { findClassifier, type Classifier } from '../onnx/classifier.js';
import type { Graph } from '../onnx/graph.js';
import { allNodes } from '../onnx/nodes.js';
import { planShards } from '../plan/plan.js';
import type { ModelFile } from '../ports/model-format.js';
import { asScanError } from '../scan/errors.js';
import { opUses } from './op-uses.js';
import type { ClassifierSummary, GraphSummary, ScanOutline, Survey, SurveyRequest } from './survey.js';

export type * from './survey.js';

/**
 * What a scan would make of a model, without images: the classifier in it, how its ops are differentiated, how the work
 * would be cut, and what the static checks find. Never throws: an obstacle is part of the answer.
 */
export function survey(file: Pick<ModelFile, 'graph' | 'files'>, request: SurveyRequest): Survey {
  const { graph } = file;
  const found: { classifier?: ClassifierSummary; bound?: BoundGraph; scan?: ScanOutline } = {};
  let obstacle: Survey['obstacle'];
  try {
    const classifier = findClassifier(graph, { ...request.selection, layout: request.layout });
    const shape = inputShape(classifier, request);
    const { logitsName, cut } = classifier;
    const inputName = classifier.input.name;
    found.classifier = { inputName, ...shape, logitsName, cut, classes: undefined, fixedBatch: undefined };
    const model = bindTo(graph, classifier, {
      layout: shape.layout,
      inputDims: shape.inputDims,
      unit: Array.from({ length: classifier.channels }, () => 1),
    });
    found.classifier = { ...found.classifier, classes: model.classes, fixedBatch: model.fixedBatch };
    found.bound = { graph: model.bind(model.fixedBatch ?? 1), inputName, logitsName };
    found.scan = outline(model, request);
  } catch (thrown) {
    const { code, message } = asScanError(thrown);
    obstacle = { code, message };
  }
  const { classifier, bound, scan } = found;
  return {
    graph: summaryOf(graph),
    classifier,
    ops: opUses(graph, bound),
    scan,
    obstacle,
    findings: runChecks({ graph, files: file.files, bound }),
  };
}

/** Where a model leaves its size open: the size of most models for photographs. */
const assumedSide = 224;

function inputShape(
  classifier: Classifier,
  { size }: SurveyRequest,
): Pick<ClassifierSummary, 'layout' | 'inputDims' | 'sizeAssumed'> {
  const { inputDims, layout } = imageInputOf(classifier);
  const [height, width] = size ?? [assumedSide, assumedSide];
  const wanted = layout === 'NCHW' ? [classifier.channels, height, width] : [height, width, classifier.channels];
  const channelAxis = layout === 'NCHW' ? 0 : 2;
  return {
    layout,
    inputDims: wanted.map((extent, axis) => inputDims[axis] ?? extent),
    sizeAssumed: size === undefined && inputDims.some((dim, axis) => axis !== channelAxis && dim === undefined),
  };
}

/** Compiles what a scan would run, which refuses what a scan would refuse. */
function outline(model: BoundModel, { profile, limits, workers }: SurveyRequest): ScanOutline {
  const sample = model.fixedBatch ?? 1;
  const one = { graph: model.bind(sample), images: sample, logitsName: model.logitsName };
  const shapes = chooseRunShapes(one, model.classes, profile.images, model.fixedBatch, limits.maxRunBytes);
  for (const { rule, features } of profile.saliency) {
    const { layout, unit, inputName, logitsName } = model;
    const outputs = features.map((feature): ProgramOutput => (feature === 'persistent' ? 'parity' : feature));
    const { threshold } = profile.persistence;
    const bound = model.bind(shapes.runs[rule].images);
    compileProgram(bound, inputName, logitsName, { rule, objective: 'logit', outputs, threshold, layout, unit });
  }
  const rules = profile.saliency.map(({ rule }) => rule);
  const { tile, runs } = shapes;
  const plan = planShards({ scanId: '', classes: model.classes, images: profile.images, tile, workers });
  return {
    rules,
    images: profile.images,
    tile,
    runs,
    shards: plan.length,
    runBytes: Math.max(...rules.map((rule) => runBytes(one, runs[rule]))),
  };
}

function summaryOf(graph: Graph): GraphSummary {
  const { name, irVersion, producer, opsets, inputs, outputs } = graph;
  let parameters = 0;
  for (const { dtype, data } of graph.initializers.values()) if (/float|int8/.test(dtype)) parameters += data.length;
  return { name, irVersion, producer, opsets, inputs, outputs, nodes: [...allNodes(graph)].length, parameters };
}
