/**
 * The same ONNX model under another digest: a `doc_string` (field 6 of ModelProto) is added at the end of the file, where
 * protobuf readers let it replace an earlier one. It computes the same.
 */
export function redigest(model: Uint8Array, text: string): Uint8Array {
  const doc = new TextEncoder().encode(text);
  if (doc.length > 127) throw new Error('the text must fit a length of one byte');
  return Uint8Array.from([...model, (6 << 3) | 2, doc.length, ...doc]);
}
