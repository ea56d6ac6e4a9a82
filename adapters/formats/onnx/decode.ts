import { inlineFunctions, type FunctionDefinition } from '../../../core/onnx/functions.js';
import type { Graph } from '../../../core/onnx/graph.js';
import { ScanError } from '../../../core/scan/errors.js';
import { onnx as codec } from '../../../proto/gen/onnx.js';
import type { onnx } from '../../../proto/gen/onnx-types.js';
import { liftConstants } from './constants.js';
import { decodeAttributes, decodeGraph, decodeNode, normalDomain, type Header } from './graph.js';
import { toNumber } from './int64.js';
import { defaultOnnxLimits, type OnnxLimits } from './limits.js';
import { checkedOrder } from './order.js';
import { scanWire } from './scan.js';
import { tensorSource, type ExternalData, type TensorSource } from './tensors.js';

export interface DecodeOptions {
  /** Names the model in errors. */
  readonly file?: string;
  readonly limits?: OnnxLimits;
  /** Reads tensors stored beside the model; without it such a tensor is an error. */
  readonly external?: ExternalData;
}

/**
 * An ONNX file as a graph: functions inlined, Constant nodes turned into initializers, sparse tensors made dense,
 * nodes in topological order, every value defined exactly once. Numbers are taken over bit by bit; integer attributes
 * beyond 2^53, which only stand for "to the end", lose their last bits.
 *
 * @throws ScanError `model-malformed`, `model-too-large`, `model-external-data`, `model-unsupported-op` (a data type or
 *   attribute no graph can hold), `model-not-a-classifier` (an input or output that is no tensor). Nothing else is thrown,
 *   and time and memory are bounded by the file's size and the limits.
 */
export function decodeModel(bytes: Uint8Array, options: DecodeOptions = {}): Graph {
  const file = options.file ?? 'model';
  const limits = options.limits ?? defaultOnnxLimits;
  if (bytes.length > limits.maxBytes) {
    throw new ScanError('model-too-large', `${file}: ${bytes.length} bytes (limit ${limits.maxBytes})`);
  }
  scanWire(bytes, file, limits);
  const model = parse(bytes, file);
  const source = tensorSource(file, limits, options.external ?? noExternalData(file));
  if (!model.graph) {
    throw new ScanError('model-malformed', `${file}: holds no graph: it is empty or no ONNX model`);
  }

  const opsets = decodeOpsets(model.opsetImport ?? [], source);
  const header = {
    irVersion: toNumber(model.irVersion),
    producer: [model.producerName, model.producerVersion].filter(Boolean).join(' '),
    opsets,
    metadata: new Map((model.metadataProps ?? []).map(({ key, value }) => [key ?? '', value ?? ''])),
  };
  const graph = decodeGraph(model.graph, header, source);
  const functions = (model.functions ?? []).map((proto) => decodeFunction(proto, header, source));
  return checkedOrder(liftConstants(inlineFunctions(graph, functions, limits, file), file), file);
}

function parse(bytes: Uint8Array, file: string): onnx.ModelProto.$Properties {
  try {
    return codec.ModelProto.decode(bytes);
  } catch (thrown) {
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    throw new ScanError('model-malformed', `${file}: not a valid ONNX file: ${text}`, { cause: thrown });
  }
}

function decodeOpsets(
  imports: readonly onnx.OperatorSetIdProto.$Properties[],
  source: TensorSource,
): Map<string, number> {
  const opsets = new Map<string, number>();
  for (const { domain, version } of imports) {
    const key = normalDomain(domain ?? '');
    const value = toNumber(version);
    const known = opsets.get(key);
    if (known !== undefined && known !== value) {
      throw new ScanError(
        'model-malformed',
        `${source.file}: imports versions ${known} and ${value} of operator set '${key || 'ai.onnx'}'`,
      );
    }
    opsets.set(key, value);
  }
  return opsets;
}

function decodeFunction(
  proto: onnx.FunctionProto.$Properties,
  header: Header,
  source: TensorSource,
): FunctionDefinition {
  const opsets = decodeOpsets(proto.opsetImport ?? [], source);
  return {
    domain: normalDomain(proto.domain ?? ''),
    name: proto.name ?? '',
    overload: proto.overload ?? '',
    inputs: proto.input ?? [],
    outputs: proto.output ?? [],
    attributes: proto.attribute ?? [],
    defaults: decodeAttributes(proto.attributeProto ?? [], `function ${proto.name ?? ''}`, header, source).values,
    opsets,
    nodes: (proto.node ?? []).map((node) => decodeNode(node, { ...header, opsets }, source)),
  };
}

function noExternalData(file: string): ExternalData {
  return (location, _offset, _length, tensor) => {
    throw new ScanError(
      'model-external-data',
      `${file}: ${tensor} is stored in the file '${location}', which is not given`,
    );
  };
}
