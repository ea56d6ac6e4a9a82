import { findClassifier, type Classifier } from '../onnx/classifier.js';
import { dequantise } from '../onnx/dequantise.js';
import type { Graph } from '../onnx/graph.js';
import { removeTransposes } from '../onnx/layout/index.js';
import { promote } from '../onnx/promote.js';
import { specialise, type StaticGraph } from '../onnx/specialise.js';
import { upgrade } from '../onnx/upgrade.js';
import type { ModelSelection } from '../ports/runner.js';
import { ScanError } from '../scan/errors.js';
import { fitImages, type ImageInput } from '../scan/fit-images.js';
import type { ImageSet, ModelInput, Preprocessing } from '../scan/images.js';
import type { BoundModel } from './programs.js';

export interface Binding {
  readonly classifier: Classifier;
  readonly takes: ImageInput;
  readonly input: ModelInput;
  readonly model: BoundModel;
}

/**
 * Finds the classifier in a graph and fits the clean images to it.
 * @throws ScanError `model-not-a-classifier`, `model-ambiguous`, `images-mismatch` and what shape inference throws.
 */
export function bindModel(
  graph: Graph,
  images: ImageSet,
  preprocessing: Preprocessing,
  selection: ModelSelection,
): Binding {
  const classifier = findClassifier(graph, { ...selection, layout: preprocessing.layout });
  const takes = imageInputOf(classifier);
  const input = fitImages(images, takes, preprocessing);
  const model = bindTo(graph, classifier, {
    layout: input.layout,
    inputDims: input.dims.slice(1),
    unit: input.domain.high.map((high, channel) => high - input.domain.low[channel]!),
  });
  return { classifier, takes, input, model };
}

/** What a model declares to take for one image. */
export function imageInputOf({ input: { dims, dtype }, layout }: Classifier): ImageInput {
  const declared = dims ?? [null, null, null, null];
  return {
    inputDims: declared.slice(1).map((dim) => (typeof dim === 'number' && dim > 0 ? dim : undefined)),
    layout,
    integerInput: /^u?int/.test(dtype),
  };
}

/**
 * The model for images of one shape.
 * @throws ScanError `model-not-a-classifier` and what shape inference throws.
 */
export function bindTo(
  graph: Graph,
  { input: info, logitsName }: Classifier,
  { layout, inputDims, unit }: Pick<BoundModel, 'layout' | 'inputDims' | 'unit'>,
): BoundModel {
  const promoted = promote(dequantise(graph), info.name);
  const batch = info.dims?.[0];

  const bound = new Map<number, StaticGraph>();
  const bind = (count: number): StaticGraph => {
    let known = bound.get(count);
    if (!known) {
      const fixed = specialise(promoted, new Map([[info.name, [count, ...inputDims]]]), [logitsName]);
      known = removeTransposes(upgrade(fixed));
      bound.set(count, known);
    }
    return known;
  };
  const declaredBatch = typeof batch === 'number' && batch > 0 ? batch : undefined;
  const probe = declaredBatch ?? 1;
  const classes = classCount(bind(probe).types.get(logitsName)?.dims ?? [], probe, logitsName);
  const fixedBatch = declaredBatch ?? (!mixesImages(graph) && takesBatches(bind, logitsName) ? undefined : 1);
  return { inputName: info.name, logitsName, layout, inputDims, classes, unit, fixedBatch, bind };
}

/** Dynamic quantisation takes one scale for all images of a run, so that an image's scores depend on the others. */
function mixesImages({ nodes }: Graph): boolean {
  return nodes.some(({ op }) => op === 'DynamicQuantizeLinear');
}

/** Some exporters declare any number of images but write the shape of a single one into a Reshape. */
function takesBatches(bind: (count: number) => StaticGraph, logitsName: string): boolean {
  try {
    return bind(2).types.get(logitsName)?.dims[0] === 2;
  } catch (thrown) {
    if (thrown instanceof ScanError && thrown.code === 'model-malformed') return false;
    throw thrown;
  }
}

/** Logits are [N, classes], with any number of further axes of extent 1. */
function classCount(dims: readonly number[], images: number, logitsName: string): number {
  const [batch, classes, ...rest] = dims;
  if (batch === images && classes !== undefined && classes > 1 && rest.every((extent) => extent === 1)) return classes;
  throw new ScanError(
    'model-not-a-classifier',
    `the output '${logitsName}' has shape [${dims.join(', ')}] for ${images} image${images === 1 ? '' : 's'}; a classifier's is [N, classes] with at least 2 classes. ` +
      `Name the logits with --logits-name if the model has them.`,
  );
}
