import { scanRecords } from '../protobuf/scan.js';
import type { OnnxLimits } from './limits.js';
import { messages, type Counter, type MessageName } from './schema.js';

/**
 * An ONNX file, walked before anything decodes it.
 * @throws ScanError `model-malformed`, `model-too-large`; both name the file, the byte and the limit.
 */
export function scanWire(bytes: Uint8Array, file: string, limits: OnnxLimits): void {
  scanRecords<MessageName, Counter, 'maxSubgraphDepth'>(
    bytes,
    file,
    'ModelProto',
    {
      format: 'ONNX',
      messages,
      counted: {
        maxNodes: 'nodes and functions',
        maxAttributes: 'attributes',
        maxInitializers: 'initializers',
        maxValues: 'inputs and outputs',
        maxListItems: 'list items',
      },
      nested: { type: 'GraphProto', name: 'graphs', limit: 'maxSubgraphDepth' },
    },
    limits,
  );
}
