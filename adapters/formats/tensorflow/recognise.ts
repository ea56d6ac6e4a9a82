/**
 * A SavedModel begins with its schema version, 1, and its first graph: `08 01 12`.
 */
export function looksLikeSavedModel(head: Uint8Array): boolean {
  return head[0] === 0x08 && head[1] === 0x01 && head[2] === 0x12;
}

/**
 * A GraphDef begins with its first node: `0a <length>`, in it the name, `0a <length> text`, and the op, `12 <length> text`, a
 * word that begins with a capital letter.
 */
export function looksLikeGraphDef(head: Uint8Array): boolean {
  const node = record(head, 0, 0x0a);
  const name = node && record(head, node.start, 0x0a);
  const op = name && record(head, name.end, 0x12);
  if (!op || name.end > node.end) return false;
  const text = String.fromCharCode(...head.subarray(op.start, Math.min(op.end, op.start + 64)));
  return /^_?[A-Z][A-Za-z0-9_]*$/.test(text);
}

function record(bytes: Uint8Array, at: number, tag: number): { start: number; end: number } | undefined {
  if (bytes[at] !== tag) return undefined;
  let length = 0;
  let position = at + 1;
  for (let shift = 1; ; shift *= 128) {
    const byte = bytes[position++];
    if (byte === undefined || shift > 128 ** 4) return undefined;
    length += (byte & 0x7f) * shift;
    if (byte < 0x80) return { start: position, end: position + length };
  }
}
