/**
 * Our engine beside PyTorch, in one run, as ratios; and what a whole scan costs.
 *
 * Usage: npm run bench -- [--quick] [--only NAME,...] [--rounds 5] [--json FILE]
 * NAME: a model of `settings.ts` such as gtsrb, or gtsrb:guided; cli; resnet50 (memory). --quick leaves out torch.compile.
 * Needs `bench/setup.sh` once, or BENCH_PYTHON = a Python that has bench/requirements.txt.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureCli } from './cli.js';
import { measureManyClasses } from './many-classes.js';
import { startPyTorch } from './pytorch.js';
import { settings } from './settings.js';
import { cliTable, manyClassesTable, versusTable } from './tables.js';
import { versus, type VersusResult } from './versus.js';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const wanted = values.only?.split(',');
const root = findRoot(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, '.cache', 'bench');
const chosen = settings.filter(({ model, rule, quick }) =>
  wanted ? wanted.includes(model) || wanted.includes(`${model}:${rule}`) : quick || !values.quick,
);
const included = (part: string): boolean => (wanted ? wanted.includes(part) : part !== 'resnet50' || !values.quick);
makeModels([...chosen.map(({ model }) => model), 'mnist', ...(included('resnet50') ? ['resnet50'] : [])]);

const compared: VersusResult[] = [];
if (chosen.length > 0) {
  const pytorch = await startPyTorch(
    pythonPath(),
    join(root, 'bench', 'peer.py'),
    folder,
    availableParallelism(),
    values.quick,
  );
  console.log(
    `${cpus()[0]?.model}, ${availableParallelism()} cores; Node ${process.version}, PyTorch ${pytorch.version}`,
  );
  try {
    for (const setting of chosen) {
      const result = await versus(pytorch, setting, folder, rounds);
      compared.push(result);
      console.log(versusTable(result));
    }
  } finally {
    pytorch.close();
  }
}
const cli = included('cli') ? await measureCli(folder, rounds) : undefined;
if (cli) console.log(cliTable(cli));
const manyClasses = included('resnet50') ? await measureManyClasses(folder) : undefined;
if (manyClasses) console.log(manyClassesTable(manyClasses));
if (values.json) writeFileSync(values.json, `${JSON.stringify({ compared, cli, manyClasses }, null, 1)}\n`);

function makeModels(names: readonly string[]): void {
  const missing = [...new Set(names)].filter((name) => !existsSync(join(folder, `${name}.onnx`)));
  if (missing.length === 0) return;
  mkdirSync(folder, { recursive: true });
  execFileSync(pythonPath(), [join(root, 'bench', 'models.py'), folder, ...missing], { stdio: 'inherit' });
}

function pythonPath(): string {
  const python = process.env.BENCH_PYTHON ?? join(root, '.cache', 'bench-venv', 'bin', 'python');
  if (existsSync(python)) return python;
  console.error(`${python} does not exist: run bench/setup.sh, or set BENCH_PYTHON`);
  process.exit(4);
}

function findRoot(start: string): string {
  if (existsSync(join(start, 'bench', 'peer.py'))) return start;
  return findRoot(dirname(start));
}
