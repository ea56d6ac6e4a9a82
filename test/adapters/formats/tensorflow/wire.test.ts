import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import protobuf from 'protobufjs';
import { messages } from '../../../../adapters/formats/tensorflow/schema.js';
import { repoRoot } from '../../../support/paths.js';

test('the scanner knows exactly the fields that the decoder decodes', () => {
  const source = readFileSync(join(repoRoot, 'proto/tensorflow/graph.proto'), 'utf8');
  const { root } = protobuf.parse(source, { keepCase: true });
  const described: Record<string, unknown> = {};
  const visit = (type: protobuf.Type, name: string): void => {
    described[name] = Object.fromEntries(
      type.fieldsArray.map((field) => {
        field.resolve();
        const message = field.resolvedType instanceof protobuf.Type;
        const wire = message ? field.resolvedType!.fullName.slice('.tensorflow.'.length) : wireOf(field.type);
        return [field.id, { name: field.name, repeated: field.repeated, wire }];
      }),
    );
    for (const inner of type.nestedArray) if (inner instanceof protobuf.Type) visit(inner, `${name}.${inner.name}`);
  };
  for (const type of (root.lookup('tensorflow') as protobuf.Namespace).nestedArray) {
    if (type instanceof protobuf.Type) visit(type, type.name);
  }
  const known = Object.entries(messages).map(([name, fields]) => [
    name,
    Object.fromEntries(
      Object.entries(fields).map(([id, { name: field, repeated, kind, type }]) => [
        id,
        { name: field, repeated, wire: type ?? wires[kind] },
      ]),
    ),
  ]);
  assert.deepEqual(Object.fromEntries(known), described);
});

const wires: Readonly<Record<string, string>> = {
  varint: 'varint',
  'packed-varints': 'varint',
  fixed32: 'fixed32',
  'packed-fixed32': 'fixed32',
  'packed-fixed64': 'fixed64',
  name: 'bytes',
  text: 'bytes',
  bytes: 'bytes',
};

function wireOf(type: string): string {
  if (type === 'float' || type === 'fixed32') return 'fixed32';
  if (type === 'double') return 'fixed64';
  return type.includes('int') || type === 'bool' ? 'varint' : 'bytes';
}
