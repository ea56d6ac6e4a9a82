import type { Graph, Tensor } from '../onnx/graph.js';
import { namesRead } from '../onnx/live.js';
import { allNodes, titleOf } from '../onnx/nodes.js';
import type { Check, CheckFinding } from './check.js';

/** What looks like a file inside of the model, text that no attribute or metadata needs, and tensors that nothing reads. */
export const embeddedData: Check = {
  id: 'embedded-data',
  title: 'Data that the model does not compute with',
  help: 'A model can carry anything along. Have it looked at before the file is passed on; exporting the model again leaves it behind.',
  run: ({ graph }) => [...texts(graph), ...tensors(graph)],
};

/** Characters. Exporters write a stack trace or a class list into metadata; nothing known needs more. */
const longAttribute = 4096;
const longMetadata = 2 ** 17;
/** Bytes of one tensor that nothing reads. Exporters leave small ones behind. */
const largeUnread = 2 ** 16;

function* texts(graph: Graph): Generator<CheckFinding> {
  for (const [key, value] of graph.metadata) {
    const finding = judged(value, longMetadata, `metadata entry '${key.slice(0, 100)}'`, key);
    if (finding) yield finding;
  }
  for (const node of allNodes(graph)) {
    for (const [name, attribute] of node.attributes) {
      const values =
        attribute.type === 'string' ? [attribute.value] : attribute.type === 'strings' ? attribute.value : [];
      for (const value of values) {
        const finding = judged(value, longAttribute, `attribute ${name} of node '${titleOf(node)}'`, titleOf(node));
        if (finding) yield finding;
      }
    }
  }
}

function judged(text: string, most: number, where: string, place: string): CheckFinding | undefined {
  const kind = kindOfText(text);
  if (kind) return { severity: 'warning', place, message: `${where} begins like ${kind} (${text.length} characters)` };
  if (text.length <= most) return undefined;
  return { severity: 'warning', place, message: `${where} has ${text.length} characters` };
}

function* tensors(graph: Graph): Generator<CheckFinding> {
  const read = new Set(graph.outputs.map(({ name }) => name));
  for (const node of graph.nodes) for (const name of namesRead(node)) read.add(name);
  for (const [name, tensor] of graph.initializers) {
    const kind = kindOfBytes(headOf(tensor));
    const size = bytesOf(tensor);
    if (kind)
      yield { severity: 'warning', place: name, message: `tensor '${name}' begins like ${kind} (${size} bytes)` };
    else if (!read.has(name) && size > largeUnread)
      yield { severity: 'warning', place: name, message: `tensor '${name}' of ${size} bytes is read by nothing` };
  }
}

function kindOfText(text: string): string | undefined {
  const head = text.slice(0, 16);
  if (base64.test(head)) return 'an encoded file';
  return kindOfBytes(Uint8Array.from(head, (character) => Math.min(character.charCodeAt(0), 255)));
}

/** Base64 of an executable (ELF, PE) or an archive (zip, gzip). */
const base64 = /^(f0VMR|TVqQ|UEsDB|H4sI)/;

function kindOfBytes(head: Uint8Array): string | undefined {
  return signatures.find(([, bytes]) => bytes.every((byte, i) => head[i] === byte))?.[0];
}

const bytesOfText = (text: string): number[] => Array.from(text, (character) => character.charCodeAt(0));

/** Long enough not to appear by chance; 8-bit weights may begin with any two bytes. */
const signatures: readonly (readonly [kind: string, bytes: readonly number[]])[] = [
  ['an ELF program', bytesOfText('\x7fELF')],
  ['a Windows program', [...bytesOfText('MZ'), 0x90, 0]],
  ['a zip archive', bytesOfText('PK\x03\x04')],
  ['a script', bytesOfText('#!/')],
  ['a PDF', bytesOfText('%PDF-')],
  ['a Python pickle', [0x80, 0x04, 0x95]],
];

function headOf({ data, dtype }: Tensor): Uint8Array {
  if (!ArrayBuffer.isView(data)) return Uint8Array.from(bytesOfText(data[0]?.slice(0, 16) ?? ''));
  // Of wider numbers the first bytes are no text by intent.
  return /int8|bool/.test(dtype) ? new Uint8Array(data.buffer, data.byteOffset, Math.min(16, data.byteLength)) : none;
}

const none = new Uint8Array();

function bytesOf({ data }: Tensor): number {
  return ArrayBuffer.isView(data) ? data.byteLength : data.reduce((sum, text) => sum + text.length, 0);
}
