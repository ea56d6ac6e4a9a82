import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { defaultOnnxLimits } from '../../../../adapters/formats/onnx/limits.js';
import { decodeSparse } from '../../../../adapters/formats/onnx/sparse.js';
import { decodeTensor, tensorSource } from '../../../../adapters/formats/onnx/tensors.js';
import { codeOfDType } from '../../../../core/onnx/dtypes.js';
import type { DType, TensorData } from '../../../../core/onnx/graph.js';
import { ScanError } from '../../../../core/scan/errors.js';
import type { onnx } from '../../../../proto/gen/onnx-types.js';
import { scanError } from '../../../support/graphs.js';
import { varints } from './support/wire.js';

const source = tensorSource('m.onnx', defaultOnnxLimits, (location) => {
  throw new ScanError('model-external-data', `m.onnx: no ${location}`);
});
const decode = (proto: onnx.TensorProto.$Properties) => decodeTensor(proto, "initializer 'w'", source);
const malformed = (...patterns: RegExp[]) => scanError('model-malformed', /m\.onnx: initializer 'w'/, ...patterns);

const raw = (view: ArrayBufferView): Uint8Array => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

/** The same values stored raw and in the list that the ONNX specification prescribes for the data type. */
const forms: readonly [DType, Exclude<TensorData, readonly string[]>, onnx.TensorProto.$Properties][] = [
  ['float32', Float32Array.of(1.5, -0, 3e38), { floatData: [raw(Float32Array.of(1.5, -0, 3e38))] }],
  ['float64', Float64Array.of(1e300, 0.1, -1), { doubleData: [raw(Float64Array.of(1e300, 0.1, -1))] }],
  [
    'int64',
    BigInt64Array.of(2n ** 63n - 1n, -(2n ** 63n), -1n),
    { int64Data: [varints(2n ** 63n - 1n, -(2n ** 63n), -1)] },
  ],
  ['uint64', BigUint64Array.of(2n ** 64n - 1n, 0n, 2n ** 35n), { uint64Data: [varints(2n ** 64n - 1n, 0, 2n ** 35n)] }],
  ['uint32', Uint32Array.of(2 ** 32 - 1, 0, 2 ** 31), { uint64Data: [varints(2 ** 32 - 1, 0, 2 ** 31)] }],
  ['int32', Int32Array.of(2 ** 31 - 1, -(2 ** 31), -1), { int32Data: [varints(2 ** 31 - 1, -(2 ** 31), -1)] }],
  ['int16', Int16Array.of(-32768, 32767, 0), { int32Data: [varints(-32768, 32767, 0)] }],
  ['uint16', Uint16Array.of(0, 65535, 256), { int32Data: [varints(0, 65535, 256)] }],
  ['int8', Int8Array.of(-128, 127, -1), { int32Data: [varints(-128, 127, -1)] }],
  ['uint8', Uint8Array.of(0, 255, 128), { int32Data: [varints(0, 255, 128)] }],
  ['bool', Uint8Array.of(0, 1, 1), { int32Data: [varints(0, 1, 1)] }],
  ['float16', Uint16Array.of(0x3c00, 0xfc00, 1), { int32Data: [varints(0x3c00, 0xfc00, 1)] }],
  ['bfloat16', Uint16Array.of(0x3f80, 0xff80, 1), { int32Data: [varints(0x3f80, 0xff80, 1)] }],
];

describe('every data type, bit by bit', () => {
  for (const [dtype, values, list] of forms) {
    const head = { dataType: codeOfDType(dtype), dims: [3] };

    test(`${dtype} from raw data at every alignment`, () => {
      for (let shift = 0; shift < 8; shift++) {
        const file = new Uint8Array(shift + values.byteLength);
        file.set(raw(values), shift);
        const tensor = decode({ ...head, rawData: file.subarray(shift) });
        assert.deepEqual(tensor, { dtype, dims: [3], data: values });
        file.fill(0);
        assert.deepEqual(tensor.data, values, 'the tensor holds its own copy');
      }
    });

    test(`${dtype} from its list, also in pieces`, () => {
      assert.deepEqual(decode({ ...head, ...list }).data, values);
      const [[name, [whole]]] = Object.entries(list) as [[string, [Uint8Array]]];
      const half =
        name === 'floatData' ? 4 : name === 'doubleData' ? 8 : varints(...asBigInts(values).slice(0, 1)).length;
      assert.deepEqual(decode({ ...head, [name]: [whole.subarray(0, half), whole.subarray(half)] }).data, values);
    });

    test(`${dtype} with more or fewer values than its shape`, () => {
      for (const dims of [[2], [4], [2, 2], [0], []]) {
        assert.throws(
          () => decode({ ...head, dims, rawData: raw(values) }),
          malformed(/declares \d values and stores 3/),
        );
        assert.throws(() => decode({ ...head, dims, ...list }), malformed(/declares \d values and stores 3/));
      }
      assert.throws(() => decode(head), malformed(/declares 3 values and stores 0/));
    });
  }

  test('any integers in a list', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })), (values) => {
        const { data } = decode({ dataType: 7, dims: [values.length], int64Data: [varints(...values)] });
        assert.deepEqual(data, BigInt64Array.from(values));
      }),
    );
  });
});

test('a scalar, an empty tensor and text', () => {
  assert.deepEqual(decode({ dataType: 1, dims: [], rawData: new Uint8Array(4) }).dims, []);
  assert.equal(decode({ dataType: 1, dims: [3, 0, 5] }).data.length, 0);
  const stringData = ['grün', ''].map((text) => new TextEncoder().encode(text));
  assert.deepEqual(decode({ dataType: 8, dims: [2], stringData }).data, ['grün', '']);
  assert.throws(() => decode({ dataType: 8, dims: [3], stringData }), malformed(/stores 2/));
});

test('a raw bool that is neither 0 nor 1 is true, as engines read it', () => {
  assert.deepEqual(decode({ dataType: 9, dims: [3], rawData: Uint8Array.of(0, 1, 200) }).data, Uint8Array.of(0, 1, 1));
});

test('values that their type cannot hold are refused, not wrapped around', () => {
  for (const [dtype, value] of [
    ['uint8', 256],
    ['int8', 128],
    ['uint8', -1],
    ['int16', 40000],
    ['bool', 2],
  ] as const) {
    const proto = { dataType: codeOfDType(dtype), dims: [1], int32Data: [varints(value)] };
    assert.throws(() => decode(proto), malformed(new RegExp(`${value}, which is no ${dtype}`)));
  }
});

test('a declared shape is checked before anything of its size is allocated', () => {
  const huge = (dims: readonly number[]) => () => decode({ dataType: 1, dims: [...dims], rawData: new Uint8Array(4) });
  assert.throws(
    huge([2 ** 40]),
    scanError('model-too-large', /initializer 'w' of shape \[1099511627776\]/, /maxElements/),
  );
  assert.throws(huge([2 ** 32, 2 ** 32]), scanError('model-too-large'), 'a product that wraps around 2^64');
  assert.throws(huge([2 ** 52, 2 ** 52, 2 ** 52]), scanError('model-too-large'));
  assert.throws(huge([-1]), malformed(/negative dimension -1/));
  assert.throws(huge([-2, -2]), malformed(/negative/));
});

test('data types no graph can hold are named', () => {
  for (const [dataType, name] of [
    [17, 'float8e4m3fn'],
    [22, 'int4'],
    [14, 'complex64'],
    [0, 'undefined'],
    [77, 'data type 77'],
  ] as const) {
    assert.throws(
      () => decode({ dataType, dims: [1] }),
      scanError('model-unsupported-op', new RegExp(`'w' holds ${name} `)),
    );
  }
});

test('a tensor stored twice or in segments is refused: parsers disagree on which part counts', () => {
  const proto = { dataType: 1, dims: [1], rawData: new Uint8Array(4), floatData: [new Uint8Array(4)] };
  assert.throws(() => decode(proto), malformed(/twice/));
  assert.throws(() => decode({ dataType: 1, dims: [1], segment: new Uint8Array() }), malformed(/segments/));
});

test('a list that ends inside of a number is refused', () => {
  // One value by its end byte, and a rest without one.
  const int64Data = [Uint8Array.of(0x01, 0x80)];
  assert.throws(() => decode({ dataType: 7, dims: [1], int64Data }), malformed(/cut off/));
});

describe('sparse tensors', () => {
  const decodeIt = (proto: onnx.SparseTensorProto.$Properties, limits = defaultOnnxLimits) =>
    decodeSparse(proto, "initializer 'w'", tensorSource('m.onnx', limits, source.external));
  const values = { dataType: 1, dims: [2], rawData: raw(Float32Array.of(5, 7)) };
  const indices = (dims: number[], ...positions: number[]) => ({
    dataType: 7,
    dims,
    int64Data: [varints(...positions)],
  });

  test('by position and by coordinates', () => {
    const dense = { dtype: 'float32', dims: [2, 3], data: Float32Array.of(0, 5, 0, 0, 0, 7) };
    assert.deepEqual(decodeIt({ values, indices: indices([2], 1, 5), dims: [2, 3] }), dense);
    assert.deepEqual(decodeIt({ values, indices: indices([2, 2], 0, 1, 1, 2), dims: [2, 3] }), dense);
  });

  test('positions outside, missing or without values are refused', () => {
    for (const wrong of [
      indices([2], 1, 6),
      indices([2], -1, 0),
      indices([2, 2], 0, 3, 0, 0),
      indices([2, 2], 0, 0, -1, 0),
    ]) {
      assert.throws(() => decodeIt({ values, indices: wrong, dims: [2, 3] }), malformed());
    }
    assert.throws(
      () => decodeIt({ values, indices: indices([3], 0, 1, 2), dims: [2, 3] }),
      malformed(/2 values but 3/),
    );
    const floats = { dataType: 1, dims: [2], rawData: new Uint8Array(8) };
    assert.throws(() => decodeIt({ values, indices: floats, dims: [2, 3] }), malformed(/no sparse tensor/));
    assert.throws(() => decodeIt({ dims: [2] }), scanError('model-unsupported-op'));
  });

  test('a few bytes cannot ask for gigabytes', () => {
    const limits = { ...defaultOnnxLimits, maxSparseElements: 100 };
    assert.throws(
      () => decodeIt({ values, indices: indices([2], 0, 1), dims: [101] }, limits),
      scanError('model-too-large', /maxSparseElements = 100/),
    );
  });
});

function asBigInts(values: Exclude<TensorData, readonly string[]>): bigint[] {
  return Array.from(values as ArrayLike<number | bigint>, (value) => BigInt(value));
}
