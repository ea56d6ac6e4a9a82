import { basename } from 'node:path';
import { ScanError } from '../../../core/scan/errors.js';

/**
 * Names the formats people mistake for ONNX and says how to get an ONNX file from them.
 * @param head the first bytes of the file, see `headBytes` of the model-format port.
 * @throws ScanError `model-unsupported-format`.
 */
export function refuseForeign(head: Uint8Array, path: string): void {
  const format = foreignFormats.find(({ matches }) => matches(head, basename(path).toLowerCase()));
  if (format) throw foreignError(path, format);
}

/** The same for a folder, by the names in it. */
export function refuseForeignFolder(names: readonly string[], path: string): void {
  const has = (name: string): boolean => names.includes(name);
  if (has('saved_model.pb')) throw foreignError(path, savedModel);
  if (names.some((name) => name.endsWith('.safetensors'))) throw foreignError(path, safetensors);
  if (names.some((name) => /\.(pt|pth)$/.test(name)) || has('pytorch_model.bin')) throw foreignError(path, pytorch);
  if (has('model.json')) throw foreignError(path, tfjs);
}

interface ForeignFormat {
  readonly name: string;
  readonly export: string;
  readonly matches: (head: Uint8Array, name: string) => boolean;
}

const torchExport =
  'python -c "import torch; m = ...; torch.onnx.export(m.eval(), torch.zeros(1, 3, 224, 224), \'model.onnx\')"';

const pytorch: ForeignFormat = {
  name: 'PyTorch file',
  export: `${torchExport}, m being the model with these weights loaded`,
  matches: (head, name) =>
    (isZip(head) && (contains(head, 'data.pkl') || contains(head, '/version') || /\.(pt|pth|ckpt)$/.test(name))) ||
    // A pickle: protocol opcode, protocol number 2 to 5.
    (head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5),
};

const keras: ForeignFormat = {
  name: 'Keras file',
  export: "python -c \"import keras; keras.models.load_model('MODEL').export('model.onnx', format='onnx')\"",
  matches: (head, name) =>
    startsWith(head, [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]) ||
    (isZip(head) && (contains(head, 'metadata.json') || contains(head, 'config.json') || name.endsWith('.keras'))),
};

const savedModel: ForeignFormat = {
  name: 'TensorFlow SavedModel',
  export: 'python -m tf2onnx.convert --saved-model FOLDER --output model.onnx',
  matches: (_head, name) => name === 'saved_model.pb' || name === 'saved_model.pbtxt',
};

const tensorflowGraph: ForeignFormat = {
  name: 'TensorFlow graph',
  export: 'python -m tf2onnx.convert --graphdef FILE --inputs INPUT:0 --outputs OUTPUT:0 --output model.onnx',
  matches: (head, name) => name.endsWith('.pb') && head[0] === 0x0a,
};

const tflite: ForeignFormat = {
  name: 'TensorFlow Lite file',
  export: 'python -m tf2onnx.convert --tflite FILE --output model.onnx',
  matches: (head) => contains(head.subarray(4, 8), 'TFL3'),
};

const safetensors: ForeignFormat = {
  name: 'safetensors file, which holds weights but no graph',
  export: 'optimum-cli export onnx --model MODEL --task image-classification FOLDER',
  // An 8-byte header length, then a JSON object.
  matches: (head) =>
    head.length > 9 && head[8] === 0x7b && (head[9] === 0x22 || head[9] === 0x7d) && isZero(head, 4, 8),
};

const tfjs: ForeignFormat = {
  name: 'TensorFlow.js model',
  export: 'python -m tf2onnx.convert --tfjs model.json --output model.onnx',
  matches: (head) =>
    /^\s*\{/.test(text(head)) &&
    ['modelTopology', 'weightsManifest', 'layers-model', 'graph-model'].some((key) => contains(head, key)),
};

const ortFormat: ForeignFormat = {
  name: 'model in the ORT format',
  export: 'the .onnx file it was converted from',
  matches: (head) => contains(head.subarray(4, 8), 'ORTM'),
};

const foreignFormats: readonly ForeignFormat[] = [
  savedModel,
  tflite,
  ortFormat,
  pytorch,
  keras,
  safetensors,
  tfjs,
  tensorflowGraph,
];

function foreignError(path: string, format: ForeignFormat): ScanError {
  return new ScanError(
    'model-unsupported-format',
    `${path}: a ${format.name}. Only ONNX is scanned; to get it: ${format.export}`,
  );
}

function isZip(head: Uint8Array): boolean {
  return startsWith(head, [0x50, 0x4b, 0x03, 0x04]);
}

function startsWith(head: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, i) => head[i] === byte);
}

function isZero(head: Uint8Array, from: number, to: number): boolean {
  return head.subarray(from, to).every((byte) => byte === 0);
}

function contains(head: Uint8Array, needle: string): boolean {
  return text(head).includes(needle);
}

/** One character per byte. */
function text(head: Uint8Array): string {
  return String.fromCharCode(...head);
}
