import { ScanError } from '../scan/errors.js';
import { intOf } from './attributes.js';
import { codeOfDType } from './dtypes.js';
import type { Node } from './graph.js';
import { describeNode } from './shapes/call.js';
import type { OpCall } from './shapes/call.js';

/**
 * The input a node hands on unchanged: Identity, Dropout in inference, a Cast to the type that is there already.
 * @throws ScanError `model-unsupported-op` for Dropout and BatchNormalization in training mode
 */
export function passedThrough({ node, opset, types, constants }: OpCall): string | undefined {
  const [source = ''] = node.inputs;
  if (node.domain !== '' || source === '') return undefined;
  switch (node.op) {
    case 'Identity':
      return source;
    case 'Cast':
      return intOf(node, 'to', 0) === codeOfDType(types[0]!.dtype) ? source : undefined;
    case 'CastLike':
      return types[1]?.dtype === types[0]!.dtype ? source : undefined;
    case 'Dropout': {
      if (opset < 12 || (node.inputs[2] ?? '') === '') return source;
      const training = constants[2];
      if (training?.dtype === 'bool' && training.data[0] === 0) return source;
      throw trainingMode(node, opset);
    }
    case 'BatchNormalization':
      // Over constants it standardises weights and is folded.
      if (opset >= 14 && intOf(node, 'training_mode', 0) !== 0 && !constants[0]) throw trainingMode(node, opset);
      return undefined;
    default:
      return undefined;
  }
}

function trainingMode(node: Node, opset: number): ScanError {
  return new ScanError(
    'model-unsupported-op',
    `${describeNode(node, opset)} is in training mode, so an image's result depends on chance or on the other images; export the model in inference mode`,
  );
}
