import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeModel } from '../../adapters/formats/onnx/decode.js';
import { defaultOnnxLimits } from '../../adapters/formats/onnx/limits.js';
import { decodeTensor, tensorSource } from '../../adapters/formats/onnx/tensors.js';
import type { Graph, Tensor, ValueInfo } from '../../core/onnx/graph.js';
import { ScanError } from '../../core/scan/errors.js';
import { onnx as codec } from '../../proto/gen/onnx.js';
import { installedDir } from '../support/installed.js';

/** One case of the ONNX project's node tests, read with our own decoder. */
export interface NodeTest {
  /** `test_conv_with_strides_padding`. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly graph: Graph;
  /** The op that the case is about: of its only node; a function of ONNX written out in other ops has several. */
  readonly op: string;
  readonly feeds: ReadonlyMap<string, Tensor>;
  readonly expected: ReadonlyMap<string, Tensor>;
}

/** The version of the ONNX project whose tests docs/conformance.md is about. */
export const testedVersion = '1.12.0';

export interface NodeTests {
  readonly version: string | undefined;
  readonly tests: readonly NodeTest[];
  /** Cases that cannot be graphs of ours, with the reason that the decoder gives. */
  readonly refused: ReadonlyMap<string, string>;
}

export function readNodeTests(): NodeTests {
  const folder = dataFolder();
  const tests: NodeTest[] = [];
  const refused = new Map<string, string>();
  for (const name of readdirSync(folder).sort()) {
    if (!existsSync(join(folder, name, 'model.onnx'))) continue;
    try {
      tests.push(readNodeTest(join(folder, name), name));
    } catch (thrown) {
      if (!(thrown instanceof ScanError)) throw thrown;
      refused.set(name, thrown.message);
    }
  }
  return { version: versionOf(folder), tests, refused };
}

function readNodeTest(folder: string, name: string): NodeTest {
  const bytes = new Uint8Array(readFileSync(join(folder, 'model.onnx')));
  const graph = decodeModel(bytes, { file: name });
  const data = join(folder, 'test_data_set_0');
  const values = (kind: 'input' | 'output', declared: readonly ValueInfo[]): Map<string, Tensor> =>
    new Map(
      declared.map((value, i) => {
        const tensor = readTensor(join(data, `${kind}_${i}.pb`), `${name}: ${kind} ${i}`);
        // NumPy, which wrote the files, has no bfloat16: their bits are uint16 there.
        const bits = value.dtype === 'bfloat16' && tensor.dtype === 'uint16';
        return [value.name, bits ? { ...tensor, dtype: value.dtype } : tensor];
      }),
    );
  return {
    name,
    bytes,
    graph,
    op: graph.nodes.length > 1 ? 'functions written out' : (graph.nodes[0]?.op ?? 'Constant'),
    feeds: values('input', graph.inputs),
    expected: values('output', graph.outputs),
  };
}

function readTensor(file: string, what: string): Tensor {
  const source = tensorSource(file, defaultOnnxLimits, () => {
    throw new Error(`${what} lies in another file`);
  });
  return decodeTensor(codec.TensorProto.decode(new Uint8Array(readFileSync(file))), what, source);
}

/** As scripts/provision-onnx-testdata.sh leaves it. */
function dataFolder(): string {
  const folders = [
    process.env.NEURONINSPECT_ONNX_TESTDATA,
    join(debian, 'data', 'node'),
    join(installedDir, `onnx-testdata-${testedVersion}`, 'node'),
  ];
  const found = folders.find((folder) => folder && existsSync(folder));
  if (!found) throw new Error('the node tests of ONNX are missing: run scripts/provision-onnx-testdata.sh');
  return found;
}

const debian = '/usr/share/libonnx-testdata';

/** Undefined where nothing tells: then the published table is about other tests. */
function versionOf(folder: string): string | undefined {
  if (!folder.startsWith(debian)) return folder.includes(`onnx-testdata-${testedVersion}`) ? testedVersion : undefined;
  const status = existsSync('/var/lib/dpkg/status') ? readFileSync('/var/lib/dpkg/status', 'utf8') : '';
  return /^Package: libonnx-testdata\n(?:.+\n)*?Version: ([\d.]+)/m.exec(status)?.[1];
}
