import { deserialize, serialize } from 'node:v8';

/**
 * Messages between the scanner and its worker processes: four bytes of length, big-endian, then a structured clone (typed
 * arrays and maps pass as they are).
 *
 * Node's own channel between processes throws outside of any handler when the other side writes something that is no
 * message, which would end the scanner; this one reports it to the reader.
 */
export function encodeFrame(value: unknown, maxBytes = maxFrameBytes): [header: Buffer, body: Buffer] {
  const body = serialize(value);
  if (body.length > maxBytes) throw new RangeError(`a message of ${body.length} bytes is above ${maxBytes}`);
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32BE(body.length);
  return [header, body];
}

/**
 * Returns a function that takes the bytes as they come and calls `onValue` once per complete message.
 * That function throws RangeError for a message that is too long, and what `v8.deserialize` throws for one that is none.
 */
export function createFrameReader(
  onValue: (value: unknown) => void,
  maxBytes = maxFrameBytes,
): (chunk: Buffer) => void {
  let chunks: Buffer[] = [];
  let buffered = 0;
  let needed = headerBytes;
  let inBody = false;

  /** Joins only once enough is there, so that a long message is copied once. */
  const take = (): Buffer => {
    const joined = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    chunks = joined.length > needed ? [joined.subarray(needed)] : [];
    buffered = joined.length - needed;
    return joined.subarray(0, needed);
  };

  return (chunk) => {
    chunks.push(chunk);
    buffered += chunk.length;
    while (buffered >= needed) {
      const part = take();
      if (inBody) {
        needed = headerBytes;
        inBody = false;
        onValue(deserialize(part));
        continue;
      }
      needed = part.readUInt32BE();
      inBody = true;
      if (needed > maxBytes) throw new RangeError(`a message of ${needed} bytes is above ${maxBytes}`);
    }
  };
}

/** Room for the gradients of `explain`; everything else is far smaller. */
const maxFrameBytes = 2 ** 30;
const headerBytes = 4;
