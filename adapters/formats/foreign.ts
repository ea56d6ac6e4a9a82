import { basename } from 'node:path';
import { ScanError } from '../../core/scan/errors.js';
import { inPython, pytorchFormat } from './pytorch.js';

/** A format that is recognised and not read. */
export interface ForeignFormat {
  /** With its article: `a PyTorch file`. */
  readonly name: string;
  /** How to get a file that is read. */
  readonly export: string;
}

/**
 * Names the formats that are not read.
 * @param head the first bytes of the file, see `headBytes` of the model-format port.
 * @param entries names in it, if it is a zip.
 */
export function foreignFormat(
  head: Uint8Array,
  path: string,
  entries: readonly string[] = [],
): ForeignFormat | undefined {
  const subject: ForeignSubject = { head, text: textOf(head), name: basename(path).toLowerCase(), entries };
  return pytorchFormat(subject) ?? foreignFormats.find(({ matches }) => matches(subject));
}

export function foreignError(path: string, format: ForeignFormat): ScanError {
  return new ScanError(
    'model-unsupported-format',
    `${path}: ${format.name}, which is not read. To get a file that is: ${format.export}`,
  );
}

/** What a format is told by. */
export interface ForeignSubject {
  readonly head: Uint8Array;
  /** {@link head}, one character per byte. */
  readonly text: string;
  /** The file's, in lower case. */
  readonly name: string;
  /** Names in it, where it is a zip that was looked into. */
  readonly entries: readonly string[];
}

interface Recognised extends ForeignFormat {
  readonly matches: (subject: ForeignSubject) => boolean;
}

const fromTensorflow = 'python -m tf2onnx.convert';

const foreignFormats: readonly Recognised[] = [
  {
    name: 'a TensorFlow SavedModel as text',
    export: 'save it in binary with tf.saved_model.save',
    matches: ({ name }) => name === 'saved_model.pbtxt',
  },
  {
    name: 'a TensorFlow Lite file',
    export: `${fromTensorflow} --tflite FILE --output model.onnx`,
    matches: ({ text }) => text.slice(4, 8) === 'TFL3',
  },
  {
    name: 'a model in the ORT format',
    export: 'take the .onnx file it was converted from',
    matches: ({ text }) => text.slice(4, 8) === 'ORTM',
  },
  {
    name: 'an ExecuTorch program',
    export: `${inPython('m = ...')}, m being the model it was made from`,
    matches: ({ text }) => text.slice(4, 6) === 'ET' && /\d\d/.test(text.slice(6, 8)),
  },
  {
    name: 'NumPy arrays',
    export: 'export the model they belong to',
    matches: ({ text, entries }) =>
      text.startsWith('\x93NUMPY') || (entries.length > 0 && entries.every((entry) => entry.endsWith('.npy'))),
  },
  {
    name: 'a Core ML package',
    export: 'take the model it was converted from',
    matches: ({ entries }) => entries.some((entry) => /(^|\/)(Manifest\.json|model\.mlmodel)$/.test(entry)),
  },
  {
    name: 'a safetensors file without the config.json that says its architecture',
    export:
      'put its config.json beside it, or optimum-cli export onnx --model MODEL --task image-classification FOLDER',
    // An 8-byte header length, then a JSON object.
    matches: ({ head, name }) =>
      (head.length > 9 && head[8] === 0x7b && (head[9] === 0x22 || head[9] === 0x7d) && isZero(head, 4, 8)) ||
      name.endsWith('.safetensors'),
  },
  {
    name: 'an OpenVINO model',
    export: 'take the model it was converted from',
    matches: ({ text }) => /^\s*(<\?xml[^>]*>\s*)?<net\s/.test(text),
  },
  {
    name: 'a GGUF file',
    export: 'take the model it was converted from',
    matches: ({ text }) => text.startsWith('GGUF'),
  },
  {
    name: 'an archive that is not unpacked',
    export: 'unpack it, or pack the model as zip, tar or tar.gz',
    matches: ({ text }) =>
      ['7z\xbc\xaf\x27\x1c', 'Rar!\x1a\x07', 'BZh', '\xfd7zXZ\0', '\x28\xb5\x2f\xfd'].some((magic) =>
        text.startsWith(magic),
      ),
  },
];

/** By its outermost fields, see `protobufKind`. */
export const coreMl: ForeignFormat = { name: 'a Core ML model', export: 'take the model it was converted from' };

function isZero(head: Uint8Array, from: number, to: number): boolean {
  return head.subarray(from, to).every((byte) => byte === 0);
}

function textOf(head: Uint8Array): string {
  return String.fromCharCode(...head);
}
