import type { ValueInfo } from '../../../core/onnx/graph.js';
import { ScanError } from '../../../core/scan/errors.js';
import type { tensorflow } from '../../../proto/gen/tensorflow-types.js';
import { decodeShape } from './decode.js';
import { tfDType } from './dtypes.js';
import type { TfShape } from './graph.js';

/** What can be called of a model: values by name, each standing for a value of the graph. */
export interface Signature {
  readonly name: string;
  readonly inputs: readonly Endpoint[];
  readonly outputs: readonly Endpoint[];
}

export interface Endpoint {
  readonly name: string;
  /** `node:0` */
  readonly ref: string;
  /** A number of TensorFlow's `DataType`. */
  readonly dtype: number;
  readonly shape: TfShape;
}

export function decodeSignatures(entries: readonly tensorflow.SignatureEntry.$Properties[]): Signature[] {
  const endpoints = (list: readonly tensorflow.TensorInfoEntry.$Properties[] | null | undefined): Endpoint[] =>
    (list ?? [])
      .map(({ key, value }) => ({
        name: key ?? '',
        ref: value?.name ?? '',
        dtype: value?.dtype ?? 0,
        shape: value?.tensorShape ? decodeShape(value.tensorShape) : undefined,
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.map(({ key, value }) => ({
    name: key ?? '',
    inputs: endpoints(value?.inputs),
    outputs: endpoints(value?.outputs),
  }));
}

/**
 * The signature that a server would call, `serving_default`, if it takes an image; else the only one that does.
 * @throws ScanError `model-ambiguous`, `model-not-a-classifier`.
 */
export function chooseSignature(signatures: readonly Signature[], file: string): Signature {
  const served = signatures.find(({ name }) => name === 'serving_default');
  if (served?.inputs.some(mayBeImage)) return served;
  const usable = signatures.filter(({ inputs, outputs }) => inputs.some(mayBeImage) && outputs.length > 0);
  const [only, ...more] = usable;
  if (only && more.length === 0) return only;
  if (served && served.inputs.length > 0 && !only) {
    if (served.inputs.some(({ dtype }) => tfDType(dtype) !== 'string')) return served;
    throw takesText(served, file);
  }
  const names = (list: readonly Signature[]): string => list.map(({ name }) => `'${name}'`).join(', ') || 'none';
  if (only) {
    throw new ScanError(
      'model-ambiguous',
      `${file}: no signature 'serving_default' takes an image, and several others do: ${names(usable)}. Save the model with one of them as serving_default`,
    );
  }
  throw new ScanError(
    'model-not-a-classifier',
    `${file}: no signature takes an image (its signatures: ${names(signatures)}). Save the model with signatures={'serving_default': ...}`,
  );
}

/** What tf.estimator exports, and models that decode their images themselves. */
function takesText({ name, inputs }: Signature, file: string): ScanError {
  const texts = inputs.map((input) => `'${input.name}'`).join(', ');
  return new ScanError(
    'model-not-a-classifier',
    `${file}: the signature '${name}' takes serialized examples or encoded images (${texts}: string), and no other takes an image; a scan feeds pixels. ` +
      'Save the model with a signature on a float32 tensor [None, height, width, channels]: ' +
      'tf.saved_model.save(model, DIR, signatures=...), or for an estimator ' +
      "export_saved_model(DIR, build_raw_serving_input_receiver_fn({'image': tf.compat.v1.placeholder(tf.float32, [None, height, width, channels])}))",
  );
}

/** Four axes, or a rank that is not told, of a type that pixels have. */
export function mayBeImage({ dtype, shape }: Pick<Endpoint, 'dtype' | 'shape'>): boolean {
  const known = tfDType(dtype);
  return known !== undefined && known !== 'string' && known !== 'bool' && (shape === undefined || shape.length === 4);
}

/** An endpoint as an input of the imported graph; an open first axis is the batch. @throws ScanError `model-not-a-classifier`. */
export function inputInfo({ name, dtype, shape }: Endpoint, file: string): ValueInfo {
  const known = tfDType(dtype);
  if (!known) throw new ScanError('model-not-a-classifier', `${file}: the input '${name}' is no tensor of numbers`);
  return { name, dtype: known, dims: shape?.map((dim, axis) => dim ?? (axis === 0 ? 'N' : null)) };
}
