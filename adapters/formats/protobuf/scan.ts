import { ScanError } from '../../../core/scan/errors.js';

/**
 * - `name`, `text`: strings or bytes, with different limits on their length.
 * - `packed-…`: a repeated number, one length-delimited record or one record per number.
 * - `number-list`: a number list that must be packed, because the decoder keeps it as a view of the file.
 */
export type FieldKind =
  | 'varint'
  | 'fixed32'
  | 'name'
  | 'text'
  | 'bytes'
  | 'message'
  | 'packed-varints'
  | 'packed-fixed32'
  | 'packed-fixed64'
  | 'number-list';

export interface WireField<Message extends string = string, Counter extends string = string> {
  readonly name: string;
  readonly kind: FieldKind;
  readonly repeated: boolean;
  /** The message type behind a `message` field. */
  readonly type?: Message;
  /** The limit this field counts towards, once per record. */
  readonly counter?: Counter;
}

/** What the scanner knows of a schema: the fields that the decoder decodes, by number below 32, and how errors count them. */
export interface WireSchema<Message extends string, Counter extends string, Depth extends string> {
  /** How errors name the format: "not a valid ... file". */
  readonly format: string;
  readonly messages: Readonly<Record<Message, Readonly<Record<number, WireField<Message, Counter>>>>>;
  /** How errors name what a counter counts. */
  readonly counted: Readonly<Record<Counter, string>>;
  /** A message that may hold itself, how errors name it, and the limit on how often. */
  readonly nested: { readonly type: Message; readonly name: string; readonly limit: Depth };
}

/** The limits that a schema's fields count towards, and the two on lengths. */
export type WireLimits<Counter extends string, Depth extends string> = Readonly<
  Record<Counter | Depth | 'maxNameBytes' | 'maxTextBytes', number>
>;

/**
 * Walks the protobuf records of a file without building anything and without recursion, so that no file can make
 * the decoder behind it recurse, allocate or loop beyond the limits. What it lets through decodes in time and memory
 * proportional to the file's size.
 *
 * Stricter than protobuf where a file could mean one thing to us and another to the engine that serves it: a singular
 * field given twice (parsers disagree on merging), a known field with another wire type, and groups are refused.
 *
 * @throws ScanError `model-malformed`, `model-too-large`; both name the file, the byte and the limit.
 */
export function scanRecords<Message extends string, Counter extends string, Depth extends string>(
  bytes: Uint8Array,
  file: string,
  root: Message,
  schema: WireSchema<Message, Counter, Depth>,
  limits: WireLimits<Counter, Depth>,
): void {
  type Field = WireField<Message, Counter>;
  type Limit = Counter | Depth | 'maxNameBytes' | 'maxTextBytes';
  const { messages, counted, nested } = schema;
  const counts = new Map<Counter, number>();
  const cursor = new Cursor(bytes, file, schema.format);
  const stack: Frame<Message>[] = [];
  let frame: Frame<Message> = { type: root, end: bytes.length, seen: 0, depth: root === nested.type ? 1 : 0 };

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
    if (field.kind === 'packed-fixed32' || field.kind === 'packed-fixed64') {
      const width = field.kind === 'packed-fixed32' ? 4 : 8;
      if (length % width !== 0) cursor.fail(start, `a list of floats of ${length} bytes`);
      count(field, length / width);
      cursor.at = end;
      continue;
    }
    count(field, 1);
    if (field.kind === 'name' || field.kind === 'text') {
      const limit = field.kind === 'name' ? 'maxNameBytes' : 'maxTextBytes';
      if (length > limits[limit]) tooLarge(`${frame.type}.${field.name} is ${length} bytes long`, limit, limits[limit]);
    }
    if (field.type) {
      const depth = frame.depth + (field.type === nested.type ? 1 : 0);
      if (depth > limits[nested.limit] + 1) {
        tooLarge(`${nested.name} are nested ${depth - 1} deep`, nested.limit, limits[nested.limit]);
      }
      stack.push(frame);
      frame = { type: field.type, end, seen: 0, depth };
    } else {
      cursor.at = end;
    }
  }

  function count(field: Field, items: number): void {
    if (!field.counter) return;
    const total = (counts.get(field.counter) ?? 0) + items;
    counts.set(field.counter, total);
    if (total > limits[field.counter]) {
      tooLarge(`more than ${limits[field.counter]} ${counted[field.counter]}`, field.counter, limits[field.counter]);
    }
  }

  function tooLarge(what: string, limit: Limit, value: number): never {
    throw new ScanError('model-too-large', `${file}: ${what} (limit ${limit} = ${value})`);
  }
}

interface Frame<Message extends string> {
  readonly type: Message;
  readonly end: number;
  /** Bit i is set once singular field i was met. */
  seen: number;
  /** How many of the messages that nest were entered on the way here. */
  readonly depth: number;
}

const wireVarint = 0;
const wireFixed64 = 1;
const wireLengthDelimited = 2;
const wireGroup = 3;
const wireEndGroup = 4;
const wireFixed32 = 5;
const maxFieldNumber = 2 ** 29 - 1;

function accepts(field: WireField, wire: number): boolean {
  switch (field.kind) {
    case 'varint':
      return wire === wireVarint;
    case 'fixed32':
      return wire === wireFixed32;
    case 'packed-varints':
      return wire === wireVarint || wire === wireLengthDelimited;
    case 'packed-fixed32':
      return wire === wireFixed32 || wire === wireLengthDelimited;
    case 'packed-fixed64':
      return wire === wireFixed64 || wire === wireLengthDelimited;
    default:
      return wire === wireLengthDelimited;
  }
}

function unpackedHint(field: WireField, wire: number): string {
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
    private readonly format: string,
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
      `${this.file}: not a valid ${this.format} file: ${what} at byte ${at}. Export or download it again`,
    );
  }
}
