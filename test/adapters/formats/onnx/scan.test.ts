import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import protobuf from 'protobufjs';
import { defaultOnnxLimits, type OnnxLimits } from '../../../../adapters/formats/onnx/limits.js';
import { scanWire } from '../../../../adapters/formats/onnx/scan.js';
import { messages, type Field } from '../../../../adapters/formats/onnx/schema.js';
import { scanError } from '../../../support/graphs.js';
import { repoRoot } from '../../../support/paths.js';
import { bytes, modelBytes, protoNode, protoValue, record, tag, varint, varints } from './support/wire.js';

const scan = (file: Uint8Array, limits: Partial<OnnxLimits> = {}): void => {
  scanWire(file, 'm.onnx', { ...defaultOnnxLimits, ...limits });
};
const malformed = (...patterns: RegExp[]) => scanError('model-malformed', /m\.onnx/, ...patterns);
const tooLarge = (...patterns: RegExp[]) => scanError('model-too-large', /m\.onnx/, ...patterns);

/** `depth` graphs, each in an attribute of a node of the one around it. */
function nested(depth: number): Uint8Array {
  let graph: Uint8Array = new Uint8Array();
  for (let i = 0; i < depth; i++) graph = record(1, record(5, record(6, graph)));
  return record(7, graph);
}

test('the scanner knows exactly the fields that the decoder decodes', () => {
  const { root } = protobuf.parse(readFileSync(join(repoRoot, 'proto/onnx/onnx.proto'), 'utf8'), { keepCase: true });
  const described = new Map<string, unknown>();
  const visit = (type: protobuf.Type, name: string): void => {
    described.set(name, Object.fromEntries(type.fieldsArray.map((field) => [field.id, shapeOf(field.resolve())])));
    for (const inner of type.nestedArray) if (inner instanceof protobuf.Type) visit(inner, `${name}.${inner.name}`);
  };
  for (const type of root.lookup('onnx') instanceof protobuf.Namespace
    ? (root.lookup('onnx') as protobuf.Namespace).nestedArray
    : []) {
    if (type instanceof protobuf.Type) visit(type, type.name);
  }
  const known = Object.entries(messages).map(([name, fields]) => [
    name,
    Object.fromEntries(Object.entries(fields).map(([id, field]) => [id, expected(field)])),
  ]);
  assert.deepEqual(Object.fromEntries(known), Object.fromEntries(described));

  function shapeOf(field: protobuf.Field): unknown {
    const message = field.resolvedType instanceof protobuf.Type;
    return {
      name: field.name,
      repeated: field.repeated,
      wire: message ? field.resolvedType?.fullName.slice('.onnx.'.length) : wireOf(field),
    };
  }
  function wireOf(field: protobuf.Field): string {
    if (field.resolvedType instanceof protobuf.Enum || field.type.includes('int')) return 'varint';
    return field.type === 'float' ? 'fixed32' : 'bytes';
  }
  function expected({ name, repeated, kind, type }: Field): unknown {
    const wire = {
      name: 'bytes',
      text: 'bytes',
      'number-list': 'bytes',
      'packed-varints': 'varint',
      'packed-fixed32': 'fixed32',
    };
    return { name, repeated, wire: type ?? (wire as Record<string, string>)[kind] ?? kind };
  }
});

test('the example models pass', () => {
  const folder = join(repoRoot, 'examples/models');
  const models = readdirSync(folder);
  assert.ok(models.length > 0);
  for (const model of models) scan(readFileSync(join(folder, model)));
});

describe('bombs', () => {
  test('21 KB of nested groups', () => {
    for (const field of [1, 7, 99]) {
      const start = tag(field, 3);
      assert.throws(() => {
        scan(bytes(...Array.from({ length: 21_000 / start.length }, () => start)));
      }, malformed(/group/));
    }
  });

  test('an end of a group that never began', () => {
    assert.throws(() => {
      scan(tag(4, 4));
    }, malformed(/group/));
  });

  test('graphs in graphs: 32 pass, more do not, a million neither', () => {
    scan(nested(32));
    assert.throws(
      () => {
        scan(nested(33));
      },
      tooLarge(/33 deep/, /maxSubgraphDepth = 32/),
    );
    const lengths = nested(2000);
    assert.throws(() => {
      scan(lengths);
    }, tooLarge(/deep/));
  });

  test('types nested a thousand deep are not opened', () => {
    let type: Uint8Array = new Uint8Array();
    for (let i = 0; i < 1000; i++) type = record(4, record(1, type));
    scan(record(7, record(11, record(1, Buffer.from('x')), record(2, type))));
  });

  test('a length beyond the file, beyond its parent, and beyond 2^64', () => {
    assert.throws(
      () => {
        scan(bytes(tag(7, 2), varint(100)));
      },
      malformed(/claims 100 bytes, 0 are left/),
    );
    const child = bytes(tag(1, 2), varint(5));
    assert.throws(
      () => {
        scan(bytes(record(7, child), new Uint8Array(5)));
      },
      malformed(/GraphProto\.node/),
    );
    assert.throws(
      () => {
        scan(bytes(tag(7, 2), varint(2n ** 64n - 1n)));
      },
      malformed(/claims/),
    );
    assert.throws(() => {
      scan(bytes(tag(99, 2), varint(2n ** 63n)));
    }, malformed(/left/));
  });

  test('numbers that do not end', () => {
    assert.throws(
      () => {
        scan(Uint8Array.of(0x08, 0xff));
      },
      malformed(/cut off at byte 1/),
    );
    assert.throws(
      () => {
        scan(Uint8Array.of(0x08, ...Array<number>(11).fill(0x80), 0));
      },
      malformed(/ten bytes/),
    );
    const dims = record(7, record(5, record(1, Uint8Array.of(0x80))));
    assert.throws(
      () => {
        scan(dims);
      },
      malformed(/cut off/),
    );
  });
});

describe('what parsers could read differently is refused', () => {
  test('a singular field given twice: one parser merges, another takes the last', () => {
    assert.throws(
      () => {
        scan(bytes(record(7), record(7)));
      },
      malformed(/ModelProto\.graph occurs twice/),
    );
    assert.throws(
      () => {
        scan(bytes(tag(1, 0), varint(8), tag(1, 0), varint(8)));
      },
      malformed(/ir_version occurs twice/),
    );
    const raw = record(7, record(5, record(9, new Uint8Array(4)), record(9, new Uint8Array(4))));
    assert.throws(
      () => {
        scan(raw);
      },
      malformed(/raw_data occurs twice/),
    );
  });

  test('a known field with another wire type', () => {
    assert.throws(
      () => {
        scan(bytes(tag(7, 0), varint(1)));
      },
      malformed(/ModelProto\.graph has wire type 0/),
    );
    assert.throws(
      () => {
        scan(record(1));
      },
      malformed(/ir_version has wire type 2/),
    );
    const float = bytes(tag(4, 5), new Uint8Array(4));
    assert.throws(
      () => {
        scan(record(7, record(5, float)));
      },
      malformed(/float_data has wire type 5: an unpacked number list/),
    );
  });

  test('field number 0, reserved wire types, floats of three bytes', () => {
    assert.throws(
      () => {
        scan(Uint8Array.of(0x00, 0x00));
      },
      malformed(/field number 0/),
    );
    assert.throws(
      () => {
        scan(tag(99, 6));
      },
      malformed(/wire type 6/),
    );
    assert.throws(
      () => {
        scan(tag(99, 7));
      },
      malformed(/wire type 7/),
    );
    assert.throws(
      () => {
        scan(record(7, record(1, record(5, record(7, new Uint8Array(3))))));
      },
      malformed(/3 bytes/),
    );
  });
});

test('unknown fields of every wire type are skipped, whatever is in them', () => {
  scan(
    bytes(
      tag(99, 0),
      varint(2n ** 64n - 1n),
      tag(99, 1),
      new Uint8Array(8),
      tag(99, 5),
      new Uint8Array(4),
      record(99, Uint8Array.of(0xff, 0xff)),
      modelBytes({ node: [protoNode('Relu', ['x'], ['y'])] }),
    ),
  );
  for (const wire of [1, 5])
    assert.throws(
      () => {
        scan(tag(99, wire));
      },
      malformed(/0 are left/),
    );
});

describe('each limit is enforced at its value and not before', () => {
  const attribute = { name: 'a', type: 7, ints: [1, 2, 3] };
  const cases: readonly [keyof OnnxLimits, number, Uint8Array][] = [
    ['maxNodes', 3, modelBytes({ node: [1, 2, 3].map((i) => protoNode('Relu', ['x'], [`y${i}`])) })],
    ['maxNodes', 2, modelBytes({}, { functions: [{ name: 'f', node: [protoNode('Relu', ['x'], ['y'])] }] })],
    ['maxAttributes', 1, modelBytes({ node: [protoNode('A', ['x'], ['y'], [attribute])] })],
    ['maxInitializers', 2, modelBytes({ initializer: [{ name: 'a' }, { name: 'b' }] })],
    ['maxValues', 4, modelBytes({ node: [protoNode('A', ['x', 'z'], ['y'])], input: [{ name: 'x' }] })],
    // The opset import is an item of a list, too.
    ['maxListItems', 4, modelBytes({ node: [protoNode('A', [], [], [attribute])] })],
    ['maxListItems', 3, record(7, record(1, record(5, record(8, varints(1, -1, 2n ** 62n)))))],
    ['maxListItems', 3, record(7, record(1, record(5, record(7, new Uint8Array(12)))))],
    ['maxListItems', 3, modelBytes({ input: [protoValue('x', [1, 2])] })],
    ['maxNameBytes', 7, modelBytes({ node: [protoNode('Softmax', ['x'], ['y'])] })],
    ['maxTextBytes', 9, modelBytes({}, { metadataProps: [{ key: 'k', value: 'nine char' }] })],
  ];
  for (const [limit, enough, file] of cases) {
    test(`${limit} = ${enough}`, () => {
      scan(file, { [limit]: enough });
      assert.throws(
        () => {
          scan(file, { [limit]: enough - 1 });
        },
        tooLarge(new RegExp(`${limit} = ${enough - 1}`)),
      );
    });
  }
});
