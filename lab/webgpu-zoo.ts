import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createOnnxruntimeEngine } from '../adapters/engines/onnxruntime/index.js';
import { readModel } from '../adapters/formats/index.js';
import { readNpz } from '../adapters/images/npz.js';
import { openModel } from '../core/execute/open-model.js';
import type { Explanation } from '../core/ports/runner.js';
import type { SaliencyRuleName } from '../core/scan/features.js';
import { cascade1 } from '../core/scan/profiles.js';

/**
 * The operator zoo on the WebGPU provider, one image and two classes: `node dist/lab/webgpu-zoo.js ZOO [WORD]`. Prints, for
 * every file and rule, by how much logits and gradients differ from the CPU provider's, relative to the largest value, or why
 * the provider was refused. WORD chooses files. On SwiftShader: VK_ICD_FILENAMES and XDG_RUNTIME_DIR as
 * test/conformance/webgpu-sweep.ts says.
 */
const [zoo = '../shared/ops-zoo', word = ''] = process.argv.slice(2);
const { entries } = JSON.parse(readFileSync(join(zoo, 'manifest.json'), 'utf8')) as {
  readonly entries: readonly {
    readonly golden: string;
    readonly rules: readonly SaliencyRuleName[];
    readonly files: readonly { readonly file: string }[];
  }[];
};
for (const { golden, rules, files } of entries) {
  for (const { file } of files) {
    if (!file.includes(word)) continue;
    for (const rule of rules) {
      const what = `${file} ${rule}`;
      try {
        const [cpu, webgpu] = [await explained('cpu'), await explained('webgpu')];
        const [logits, gradients] = [farthest(webgpu.logits, cpu.logits), farthest(webgpu.gradients, cpu.gradients)];
        console.log(`${what}: logits ${logits.toExponential(0)}, gradients ${gradients.toExponential(0)}`);
      } catch (thrown) {
        console.log(`${what}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
      }

      async function explained(provider: 'cpu' | 'webgpu'): Promise<Explanation> {
        const arrays = readNpz(readFileSync(join(zoo, golden)));
        const x = arrays.get(file.includes('uint8') ? 'x_uint8' : 'x')!;
        const dims = [1, ...x.dims.slice(1)];
        const size = dims.reduce((a, b) => a * b);
        const { graph } = await readModel(join(zoo, file));
        const model = await openModel(createOnnxruntimeEngine({ provider }), graph, {
          path: file,
          images: {
            kind: 'raw',
            digest: 'sha256:0',
            count: 1,
            labels: [],
            dims,
            data: Float32Array.from((x.data as Float32Array).subarray(0, size)),
          },
          preprocessing: {},
          profile: cascade1,
          selection: {},
          limits: { maxModelBytes: 2 ** 30, maxRunBytes: 2 ** 30 },
        });
        try {
          return await model.explain({ rule, classes: [0, 1] });
        } finally {
          await model.close();
        }
      }
    }
  }
}

function farthest({ data: found }: Explanation['logits'], { data: expected }: Explanation['logits']): number {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return expected.reduce((most, value, i) => Math.max(most, Math.abs(value - found[i]!)), 0) / largest;
}
