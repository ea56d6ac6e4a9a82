import { ScanError } from '../../../core/scan/errors.js';
import type { OnnxLimits } from './limits.js';
import { messages, type Counter, type Field, type MessageName } from './schema.js';

/**
 * Walks the protobuf records of an ONNX file without building anything and without recursion, so that no file can make
 * the decoder behind it recurse, allocate or loop beyond the limits. What it lets through decodes in time and memory
 * proportional to the file's size.
 *
 * Stricter than protobuf where a file could mean one thing to us and another to the engine that serves it: a singular
 * field given twice (parsers disagree on merging), a known field with another wire type, and groups are refused.
 *
 * @throws ScanError `model-malformed`, `model-too-large`; both name the file, the byte and the limit.
 */
export function scanWire(bytes: Uint8Array, file: string, limits: OnnxLimits): void {
  const counts: Record<Counter, number> = {
    maxNodes: 0,
    maxAttributes: 0,
    maxInitializers: 0,
    maxValues: 0,
    maxListItems: 0,
  };
  const cursor = new Cursor(bytes, file);
  const stack: Frame[] = [];
  let frame: Frame = { type: 'ModelProto', end: bytes.length, seen: 0, graphs: 0 };

  for (;;) {
    if (cursor.at === frame.end) {
      const parent = stack.pop();
      if (!parent) return;
      frame = parent;
      continue;
    }
    const start = cursor.at;
    const tag = cursor.varint(frame.end);
    const number = Math.floor(tag / 8);
    const wire = tag % 8;
    if (number === 0 || number > maxFieldNumber) cursor.fail(start, `field number ${number} in ${frame.type}`);
    if (wire === wireGroup || wire === wireEndGroup) cursor.fail(start, `a group in ${frame.type}`);

    const field = messages[frame.type][number];
    if (!field) {
      cursor.skip(wire, frame.end, start);
      continue;
    }
    if (!accepts(field, wire)) {
      cursor.fail(start, `field ${frame.type}.${field.name} has wire type ${wire}${unpackedHint(field, wire)}`);
    }
    if (!field.repeated) {
      // Field numbers of the schema are below 32, so one integer remembers them.
      if ((frame.seen >>> number) & 1) cursor.fail(start, `field ${frame.type}.${field.name} occurs twice`);
      frame.seen |= 1 << number;
    }
    if (wire !== wireLengthDelimited) {
      cursor.skip(wire, frame.end, start);
      count(field, 1);
      continue;
    }
    const length = cursor.varint(frame.end);
    const end = cursor.at + length;
    if (end > frame.end) {
      cursor.fail(start, `field ${frame.type}.${field.name} claims ${length} bytes, ${frame.end - cursor.at} are left`);
    }
    if (field.kind === 'packed-varints') {
      count(field, cursor.varintsUntil(end));
      continue;
    }
    if (field.kind === 'packed-fixed32') {
      if (length % 4 !== 0) cursor.fail(start, `a list of floats of ${length} bytes`);
      count(field, length / 4);
      cursor.at = end;
      continue;
    }
    count(field, 1);
    if (field.kind === 'name' || field.kind === 'text') {
      const limit = field.kind === 'name' ? 'maxNameBytes' : 'maxTextBytes';
      if (length > limits[limit]) tooLarge(`${frame.type}.${field.name} is ${length} bytes long`, limit, limits[limit]);
    }
    if (field.type) {
      const graphs = frame.graphs + (field.type === 'GraphProto' ? 1 : 0);
      if (graphs > limits.maxSubgraphDepth + 1) {
        tooLarge(`graphs are nested ${graphs - 1} deep`, 'maxSubgraphDepth', limits.maxSubgraphDepth);
      }
      stack.push(frame);
      frame = { type: field.type, end, seen: 0, graphs };
    } else {
      cursor.at = end;
    }
  }

  function count(field: Field, items: number): void {
    if (!field.counter) return;
    const total = (counts[field.counter] += items);
    if (total > limits[field.counter]) {
      tooLarge(`more than ${limits[field.counter]} ${counted[field.counter]}`, field.counter, limits[field.counter]);
    }
  }

  function tooLarge(what: string, limit: keyof OnnxLimits, value: number): never {
    throw new ScanError('model-too-large', `${file}: ${what} (limit ${limit} = ${value})`);
  }
}

interface Frame {
  readonly type: MessageName;
  readonly end: number;
  /** Bit i is set once singular field i was met. */
  seen: number;
  /** Graphs entered on the way here. */
  readonly graphs: number;
}

const wireVarint = 0;
const wireFixed64 = 1;
const wireLengthDelimited = 2;
const wireGroup = 3;
const wireEndGroup = 4;
const wireFixed32 = 5;
const maxFieldNumber = 2 ** 29 - 1;

const counted: Readonly<Record<Counter, string>> = {
  maxNodes: 'nodes and functions',
  maxAttributes: 'attributes',
  maxInitializers: 'initializers',
  maxValues: 'inputs and outputs',
  maxListItems: 'list items',
};

function accepts(field: Field, wire: number): boolean {
  switch (field.kind) {
    case 'varint':
      return wire === wireVarint;
    case 'fixed32':
      return wire === wireFixed32;
    case 'packed-varints':
      return wire === wireVarint || wire === wireLengthDelimited;
    case 'packed-fixed32':
      return wire === wireFixed32 || wire === wireLengthDelimited;
    default:
      return wire === wireLengthDelimited;
  }
}

function unpackedHint(field: Field, wire: number): string {
  const unpacked =
    field.kind === 'number-list' && (wire === wireVarint || wire === wireFixed32 || wire === wireFixed64);
  return unpacked ? ': an unpacked number list; load and save the model with the onnx package' : '';
}

/** A position in the file and what can be read there. */
class Cursor {
  at = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly file: string,
  ) {}

  /** The value as a number: exact below 2^53, which covers tags and lengths; larger ones only have to be skipped. */
  varint(end: number): number {
    const start = this.at;
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 10; i++) {
      if (this.at >= end) this.fail(start, 'a number that is cut off');
      const byte = this.bytes[this.at++]!;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
    return this.fail(start, 'a number of more than ten bytes');
  }

  /** Reads numbers up to exactly `end` and returns how many there were. */
  varintsUntil(end: number): number {
    let numbers = 0;
    for (; this.at < end; numbers++) this.varint(end);
    return numbers;
  }

  skip(wire: number, end: number, start: number): void {
    if (wire === wireVarint) {
      this.varint(end);
      return;
    }
    const length =
      wire === wireFixed64 ? 8 : wire === wireFixed32 ? 4 : wire === wireLengthDelimited ? this.varint(end) : undefined;
    if (length === undefined) this.fail(start, `wire type ${wire}`);
    if (this.at + length > end) this.fail(start, `a field of ${length} bytes where ${end - this.at} are left`);
    this.at += length;
  }

  fail(at: number, what: string): never {
    throw new ScanError(
      'model-malformed',
      `${this.file}: not a valid ONNX file: ${what} at byte ${at}. Export or download it again`,
    );
  }
}
