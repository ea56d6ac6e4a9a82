import { ScanError } from '../scan/errors.js';
import { isFloat } from './dtypes.js';
import { cutActivation, type Activation } from './final-activation.js';
import type { Graph, ValueInfo } from './graph.js';
import { imageShape } from './image-input.js';
import { liveNodes, namesRead } from './live.js';
import { printValueInfo } from './print.js';

/** How a model is read as an image classifier. */
export interface Classifier {
  readonly input: ValueInfo;
  readonly layout: 'NCHW' | 'NHWC';
  readonly channels: 1 | 3;
  /** A value of shape [N, classes] or [N, classes, 1, 1], before any final activation. */
  readonly logitsName: string;
  /** The activation behind the logits that was cut off. */
  readonly cut: Activation | undefined;
}

/** What the user says where the graph does not tell. */
export interface ClassifierSelection {
  readonly inputName?: string | undefined;
  /** An output, or any value of the main graph; a final activation in front of it is cut off all the same. */
  readonly logitsName?: string | undefined;
  readonly layout?: 'NCHW' | 'NHWC' | undefined;
}

/**
 * Finds the image input and the logits.
 *
 * The logits are the only output, before a final Softmax, LogSoftmax or Sigmoid (paper: "replace the final softmax by a
 * linear layer"). The input is the only one that the logits depend on; its layout is told as {@link imageShape} says.
 * An undeclared output shape is accepted: the rank is known only after shape inference.
 *
 * @param source names the model in errors.
 * @throws ScanError `model-ambiguous` when a flag can help, else `model-not-a-classifier`. Both list the inputs or outputs
 *   with their shapes.
 */
export function findClassifier(graph: Graph, selection: ClassifierSelection = {}, source = 'model'): Classifier {
  const output = findOutput(graph, selection.logitsName, source);
  const input = findInput(graph, output, selection.inputName, source);
  const { layout, channels } = imageShape(graph, input, selection.layout, source);
  const { logitsName, cut } = cutActivation(graph, output, source);
  return { input, layout, channels, logitsName, cut };
}

function findOutput(graph: Graph, wanted: string | undefined, source: string): string {
  if (wanted !== undefined) {
    const declared = graph.outputs.find(({ name }) => name === wanted);
    if (declared) checkScores(graph, declared, source);
    else if (!graph.nodes.some(({ outputs }) => outputs.includes(wanted))) {
      throw new ScanError(
        'model-not-a-classifier',
        `${source}: --logits-name '${wanted}' is no value of the graph. ${listed('outputs', graph.outputs)}`,
      );
    }
    return wanted;
  }
  const [output] = graph.outputs;
  if (!output) throw new ScanError('model-not-a-classifier', `${source}: the graph has no output`);
  if (graph.outputs.length > 1) {
    throw new ScanError(
      'model-ambiguous',
      `${source}: ${graph.outputs.length} outputs, which one holds the class scores? ${listed('outputs', graph.outputs)}. ` +
        'Choose with --logits-name NAME',
    );
  }
  checkScores(graph, output, source);
  return output.name;
}

/** One floating-point score per class: [N, classes], or [N, classes, 1, 1] as fully convolutional nets give it. */
function checkScores(graph: Graph, output: ValueInfo, source: string): void {
  const { dims, dtype } = output;
  if (!isFloat(dtype)) {
    const scores = scoresBefore(graph, output.name);
    throw new ScanError(
      'model-not-a-classifier',
      `${source}: output ${printValueInfo(output)} holds no class scores` +
        (scores ? `; if they are in '${scores}', choose them with --logits-name ${scores}` : ''),
    );
  }
  if (!dims || dims.length === 2 || (dims.length === 4 && dims.slice(2).every(mayBeOne))) return;
  throw new ScanError(
    'model-not-a-classifier',
    `${source}: output ${printValueInfo(output)} is not one score per class, [N,classes]. ` +
      'A value inside the graph that is can be chosen with --logits-name NAME',
  );
}

function mayBeOne(dim: number | string | null): boolean {
  return typeof dim !== 'number' || dim === 1;
}

/** What an ArgMax or TopK at the end of the graph ranks. */
function scoresBefore(graph: Graph, output: string): string | undefined {
  let name = output;
  for (const node of graph.nodes.toReversed()) {
    const [source] = node.inputs;
    if (node.domain !== '' || !source || !node.outputs.includes(name)) continue;
    if (node.op === 'ArgMax' || node.op === 'TopK') return source;
    if (!reshaping.has(node.op)) return undefined;
    name = source;
  }
  return undefined;
}

const reshaping: ReadonlySet<string> = new Set(['Cast', 'Identity', 'Squeeze', 'Unsqueeze', 'Reshape', 'Flatten']);

function findInput(graph: Graph, output: string, wanted: string | undefined, source: string): ValueInfo {
  const live = new Set([output]);
  for (const node of liveNodes(graph.nodes, [output])) for (const name of namesRead(node)) live.add(name);
  const inputs = graph.inputs.filter(({ name }) => live.has(name));
  const chosen = wanted === undefined ? inputs : graph.inputs.filter(({ name }) => name === wanted);
  const [input] = chosen;
  if (wanted !== undefined && !input) {
    throw new ScanError(
      'model-not-a-classifier',
      `${source}: --input-name '${wanted}' is no input of the graph. ${listed('inputs', graph.inputs)}`,
    );
  }
  if (!input || !inputs.includes(input)) {
    const what = input ? `does not depend on input '${input.name}'` : 'depends on no input';
    throw new ScanError('model-not-a-classifier', `${source}: '${output}' ${what}. ${listed('inputs', graph.inputs)}`);
  }
  if (inputs.length > 1) {
    const lost = inputs.filter(({ name }) => isLostConstant(graph, name));
    if (lost.length > 0) throw constantsLost(source, lost);
    throw new ScanError(
      wanted === undefined ? 'model-ambiguous' : 'model-not-a-classifier',
      `${source}: '${output}' depends on ${inputs.length} inputs, a scan can feed one image. ${listed('inputs', inputs)}. ` +
        'Choose scores that depend on one image with --logits-name NAME (and --input-name NAME), or export the model with ' +
        'the other inputs fixed',
    );
  }
  return input;
}

/**
 * Whether an input is a constant of TensorFlow's graph without its value. tf2onnx makes inputs of tensors that a function
 * captures and that are no variables, so does `model.export(format='onnx')` of Keras for the mean of a Normalization layer.
 * Names with a scope are those of nodes inside of the model.
 */
function isLostConstant({ producer }: Graph, name: string): boolean {
  return producer.startsWith('tf2onnx') && name.includes('/');
}

function constantsLost(source: string, lost: readonly ValueInfo[]): ScanError {
  return new ScanError(
    'model-malformed',
    `${source}: tf2onnx left out the values of ${lost.length} constants, which are now inputs. ${listed('inputs without a value', lost)}. ` +
      'Export the model as a SavedModel, which keeps them, and scan that or convert it: ' +
      "model.export('DIR'); python -m tf2onnx.convert --saved-model DIR --output model.onnx",
  );
}

function listed(what: string, infos: readonly ValueInfo[]): string {
  const shown = infos.slice(0, maxListed).map(printValueInfo);
  return `Its ${what}: ${shown.join('; ') || 'none'}${infos.length > maxListed ? `; ${infos.length - maxListed} more` : ''}`;
}

const maxListed = 8;
