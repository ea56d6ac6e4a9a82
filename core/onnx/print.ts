import { isFloat } from './dtypes.js';
import type { Attribute, Graph, Node, Tensor, ValueInfo } from './graph.js';
import { numbersOf } from './tensor.js';

/**
 * The graph as text, for golden files and error hunting. Equal graphs give equal text: one line per input, initializer,
 * node and output, nodes in their order, the rest as given, attributes sorted by name.
 *
 * ```
 * graph main (opset 17)
 * input x: float32[N,3,32,32]
 * init conv1.weight: float32[8,3,3,3] 0.0123 -0.45 ... #9f3c12ab
 * y: float32[N,8,32,32] = Conv(x, conv1.weight) {pads=[1,1,1,1]}
 * output y: float32[N,8,32,32]
 * ```
 *
 * An initializer of at most eight values shows them all; a larger one its first two and a hash over all of them.
 *
 * @param shapes types of computed values, where known; a node's outputs are printed with them.
 */
export function printGraph(graph: Graph, shapes: ReadonlyMap<string, Omit<ValueInfo, 'name'>> = new Map()): string {
  const opsets = [...graph.opsets].sort(byKey).map(([domain, version]) => (domain ? `${domain} ${version}` : version));
  const known = new Map(shapes);
  for (const info of graph.outputs) if (!known.has(info.name)) known.set(info.name, info);
  const lines = [`graph ${graph.name || '(no name)'} (opset ${opsets.join(', ')})`, ...bodyLines(graph, known)];
  return lines.join('\n') + '\n';
}

function bodyLines(graph: Graph, shapes: ReadonlyMap<string, Omit<ValueInfo, 'name'>>): string[] {
  return [
    ...graph.inputs.map((info) => `input ${printValueInfo(info)}`),
    ...[...graph.initializers].map(([name, tensor]) => `init ${printName(name)}: ${printTensor(tensor)}`),
    ...graph.nodes.flatMap((node) => nodeLines(node, shapes)),
    ...graph.outputs.map((info) => `output ${printValueInfo(info)}`),
  ];
}

/** `x: float32[N,3,32,32]`; `?` for an unknown size, `[...]` for an unknown rank. */
export function printValueInfo(info: ValueInfo): string {
  return `${printName(info.name)}: ${printType(info)}`;
}

/** As it is, unless it would break the line or be mistaken for punctuation; `_` for an omitted value. */
function printName(name: string): string {
  return name === '' ? '_' : plainName.test(name) ? name : JSON.stringify(name);
}

const plainName = /^[^\s"'(),{}=\p{Cc}]+$/u;

function printType({ dtype, dims }: Omit<ValueInfo, 'name'>): string {
  return `${dtype}[${dims ? dims.map((dim) => dim ?? '?').join(',') : '...'}]`;
}

function nodeLines(node: Node, shapes: ReadonlyMap<string, Omit<ValueInfo, 'name'>>): string[] {
  const outputs = node.outputs.map((name) => {
    const type = shapes.get(name);
    return type ? printValueInfo({ ...type, name }) : printName(name);
  });
  const inputs = node.inputs.map(printName);
  const op = node.domain ? `${printName(node.domain)}.${printName(node.op)}` : printName(node.op);
  const attributes = [...node.attributes].sort(byKey);
  const flat = attributes.flatMap(([name, attribute]) =>
    attribute.type === 'graph' ? [] : `${printName(name)}=${printAttribute(attribute)}`,
  );
  const line = `${outputs.join(', ')} = ${op}(${inputs.join(', ')})${flat.length > 0 ? ` {${flat.join(', ')}}` : ''}`;
  const subgraphs = attributes.flatMap(([name, attribute]) =>
    attribute.type === 'graph'
      ? [`  ${printName(name)}:`, ...bodyLines(attribute.value, shapes).map((text) => `    ${text}`)]
      : [],
  );
  return [line, ...subgraphs];
}

function printAttribute(attribute: Exclude<Attribute, { type: 'graph' }>): string {
  switch (attribute.type) {
    case 'float':
      return printNumber(attribute.value, true);
    case 'int':
      return String(attribute.value);
    case 'string':
      return JSON.stringify(attribute.value);
    case 'floats':
      return `[${attribute.value.map((value) => printNumber(value, true)).join(',')}]`;
    case 'ints':
      return `[${attribute.value.join(',')}]`;
    case 'strings':
      return `[${attribute.value.map((value) => JSON.stringify(value)).join(',')}]`;
    case 'tensor':
      return printTensor(attribute.value);
  }
}

function printTensor(tensor: Tensor): string {
  const { data } = tensor;
  const show = (count: number): string => {
    const head = { ...tensor, data: data.slice(0, count) as Tensor['data'] };
    if (tensor.dtype === 'string')
      return (head.data as readonly string[]).map((text) => JSON.stringify(text)).join(' ');
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Array.from(head.data, String).join(' ');
    const fractional = isFloat(tensor.dtype);
    return numbersOf(head)
      .map((value) => printNumber(value, fractional))
      .join(' ');
  };
  const values = data.length <= maxShownValues ? show(data.length) : `${show(2)} ... #${hash(tensor)}`;
  return `${printType(tensor)}${values ? ` ${values}` : ''}`;
}

const maxShownValues = 8;

/** Six digits tell values apart in a diff and hide float32's last bits. */
function printNumber(value: number, fractional: boolean): string {
  return fractional && Number.isFinite(value) ? String(Number(value.toPrecision(6))) : String(value);
}

/** FNV-1a over the bytes: tells tensors apart in a diff, nothing more. */
function hash({ data }: Tensor): string {
  const bytes = ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new TextEncoder().encode(data.join('\u0000'));
  let state = 0x811c9dc5;
  for (const byte of bytes) state = Math.imul(state ^ byte, 0x01000193);
  return (state >>> 0).toString(16).padStart(8, '0');
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
