import { headBytes, type ModelFiles } from '../../../core/ports/model-format.js';

/** Formats that are protobuf messages, and so have no magic number. */
export type ProtobufKind = 'onnx' | 'saved-model' | 'graph-def' | 'core-ml';

/**
 * Tells them apart by the numbers and types of their outermost fields. Looks at the head of a file, and at the whole file
 * only where a field of the head ends beyond it.
 */
export function protobufKind(files: ModelFiles, main: string): ProtobufKind | undefined {
  const head = files.head(main);
  const kind = kindOf(head, head.length < headBytes);
  if (kind !== 'undecided') return kind;
  const whole = kindOf(files.read(main), true);
  return whole === 'undecided' ? undefined : whole;
}

const varintType = 0;
const bytesType = 2;

/** @param complete whether these are all bytes of the file. */
function kindOf(bytes: Uint8Array, complete: boolean): ProtobufKind | 'undecided' | undefined {
  let versioned = false;
  let metaGraphs = 0;
  let onnxOnly = 0;
  for (let at = 0; at < bytes.length;) {
    const field = fieldAt(bytes, at);
    if (!field) return complete || bytes.length - at > longestTag ? undefined : 'undecided';
    const { number, wire, start, end } = field;
    const inner = bytes.subarray(start, Math.min(end, bytes.length));
    if (wire !== varintType && wire !== bytesType) return undefined;
    if (number === 1 && wire === bytesType) return at === 0 && isNodeDef(inner) ? 'graph-def' : undefined;
    if (number === 7 && wire === bytesType && startsGraphProto(inner)) return 'onnx';
    // Model.Type is a choice of messages numbered from 200 on; isUpdatable is 10.
    if (number >= 200 && versioned && wire === bytesType) return 'core-ml';
    // Of ModelProto, the IR version (1) and the model version (5) are numbers and all others up to 8 are not.
    if (number > 30 || (number <= 8 && (number === 1 || number === 5) !== (wire === varintType))) return undefined;
    if (number === 1) versioned = true;
    else if (number === 2) metaGraphs += startsMetaGraphDef(inner) ? 1 : 0;
    else if (number <= 8) onnxOnly++;
    at = end;
    if (at > bytes.length) {
      if (!complete) return 'undecided';
      break;
    }
  }
  if (!complete) return 'undecided';
  if (versioned && metaGraphs > 0 && onnxOnly === 0) return 'saved-model';
  return versioned && onnxOnly > 0 ? 'onnx' : undefined;
}

interface FieldAt {
  readonly number: number;
  readonly wire: number;
  /** Of the value. */
  readonly start: number;
  readonly end: number;
}

/** Bytes of a tag and a length. */
const longestTag = 20;

function fieldAt(bytes: Uint8Array, at: number): FieldAt | undefined {
  const tag = varintAt(bytes, at);
  if (!tag || tag.value < 8) return undefined;
  const number = Math.floor(tag.value / 8);
  const wire = tag.value % 8;
  if (wire !== varintType && wire !== bytesType) return { number, wire, start: tag.end, end: tag.end };
  const value = varintAt(bytes, tag.end);
  if (!value) return undefined;
  return { number, wire, start: value.end, end: wire === varintType ? value.end : value.end + value.value };
}

function varintAt(bytes: Uint8Array, at: number): { readonly value: number; readonly end: number } | undefined {
  let value = 0;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, end: at + i + 1 };
  }
  return undefined;
}

/** A NodeDef begins with its name (1) and op (2), a word that begins with a capital letter. */
function isNodeDef(inner: Uint8Array): boolean {
  const name = fieldAt(inner, 0);
  if (name?.number !== 1 || name.wire !== bytesType) return false;
  if (name.end >= inner.length) return inner.length >= headBytes - longestTag;
  const op = fieldAt(inner, name.end);
  if (op?.number !== 2 || op.wire !== bytesType || op.end === op.start) return false;
  return /^_?[A-Z][\w>.]*$/.test(String.fromCharCode(...inner.subarray(op.start, Math.min(op.end, op.start + 64))));
}

/** Node, name, initializer, doc string, input, output, value info, quantization, metadata: the fields of a GraphProto. */
function startsGraphProto(inner: Uint8Array): boolean {
  return inner.length === 0 || [0x0a, 0x12, 0x2a, 0x52, 0x5a, 0x62, 0x6a, 0x72, 0x7a, 0x82].includes(inner[0]!);
}

/** Meta information or the graph itself. A producer name of ONNX in the same place is text, which never begins so. */
function startsMetaGraphDef(inner: Uint8Array): boolean {
  return inner[0] === 0x0a || inner[0] === 0x12;
}
