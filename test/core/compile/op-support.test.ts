import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { format, resolveConfig } from 'prettier';
import { backward } from '../../../core/compile/backward/index.js';
import { zeroDerivative } from '../../../core/compile/backward/zero.js';
import { opSupport, qualifiedName, type OpSupport } from '../../../core/compile/op-support.js';
import { decomposedOps } from '../../../core/onnx/decompose.js';
import { dequantisedOps } from '../../../core/onnx/dequantise.js';
import { shapeRules } from '../../../core/onnx/shapes/index.js';
import { repoRoot } from '../../support/paths.js';
import { standardOps, type StandardOp } from '../../support/standard-ops.js';
import { gradientGraph } from '../../support/finite-difference.js';
import { lackingOnTfjs } from '../../support/second-engine.js';
import { tfjsOps } from '../../../adapters/engines/tfjs/ops/index.js';
import { cases } from './backward/cases.js';

const file = join(repoRoot, 'docs', 'ops.md');

test('docs/ops.md says of every operator what is done with it; UPDATE_GOLDENS=1 writes it', async () => {
  const expected = await format(page(), { ...(await resolveConfig(file)), filepath: file });
  if (process.env.UPDATE_GOLDENS === '1') writeFileSync(file, expected);
  assert.ok(existsSync(file), 'docs/ops.md is missing: run with UPDATE_GOLDENS=1');
  assert.equal(readFileSync(file, 'utf8'), expected, 'docs/ops.md is old: run with UPDATE_GOLDENS=1');
});

test('every rule, zero derivative and shape rule is of an operator that the page lists', () => {
  const listed = new Set([...standardOps.map(({ op }) => op), ...otherOps()]);
  const shaped = [...shapeRules.keys()].map((key) => key.replace(':', '.'));
  for (const op of [...Object.keys(backward), ...zeroDerivative, ...decomposedOps, ...dequantisedOps, ...shaped]) {
    // Ops of opset 22 and later that are read all the same.
    if (later.has(op) || foreign.has(op)) continue;
    assert.ok(listed.has(op), `${op} is no operator of opset 21: a typing mistake?`);
  }
});

test('what is refused by name is not said to be supported', () => {
  for (const op of ['LSTM', 'NonMaxSuppression', 'RandomNormal', 'GridSample', 'QLinearConv', 'Loop', 'Det']) {
    assert.notEqual(opSupport({ domain: '', op }), 'rule', op);
  }
  assert.equal(opSupport({ domain: 'com.acme', op: 'Conv' }), 'none', 'an op of another domain is another op');
  assert.equal(opSupport({ domain: '', op: 'toString' }), 'none');
});

const later = new Set(['Attention', 'RMSNormalization', 'RotaryEmbedding', 'Swish', 'TensorScatter']);
/** Ops of other frameworks that exporters leave in the default domain. */
const foreign = new Set(['Erfc']);

function otherOps(): string[] {
  const shaped = [...shapeRules.keys()].filter((key) => key.includes(':')).map((key) => key.replace(':', '.'));
  const named = [...Object.keys(backward), ...decomposedOps, ...dequantisedOps].filter((op) => op.includes('.'));
  return [...new Set([...shaped, ...named])].sort();
}

const words: Readonly<Record<OpSupport, string>> = {
  rule: 'backward rule',
  zero: 'zero derivative',
  replaced: 'replaced',
  forward: 'forward only',
  none: '-',
};

/** Cases in which an op is differentiated, with what the interpreter lacks for them. */
const checks = cases.map((each) => {
  const program = gradientGraph(each, backward);
  return {
    ops: new Set([each.op, ...each.nodes.map(qualifiedName)]),
    opset: each.options.opset ?? 21,
    onTfjs: program !== undefined && lackingOnTfjs(program).length === 0,
    lacking: program ? lackingOnTfjs(program) : [],
  };
});

/** Two cells: opsets of the cases compared with finite differences, and of those that tfjs repeats. */
function checkedOn(name: string): string {
  const own = checks.filter(({ ops }) => ops.has(name));
  const all = opsetsOf(own);
  const repeated = opsetsOf(own.filter(({ onTfjs }) => onTfjs));
  if (own.length === 0) return '';
  return `${all} | ${repeated || '-'}`;
}

function opsetsOf(own: readonly { readonly opset: number }[]): string {
  return [...new Set(own.map(({ opset }) => opset))].sort((a, b) => a - b).join(', ');
}

/** Per op and column of docs/conformance.md: cases passed and tried. */
const conformance = JSON.parse(readFileSync(join(repoRoot, 'test', 'goldens', 'conformance.json'), 'utf8')) as Readonly<
  Record<string, Readonly<Record<'engine' | 'tfjsCpu' | 'tfjsWasm', readonly [number, number]>>>
>;

/** Of node tests that were tried, how many passed; undefined where none was. */
function nodeTests(name: string, stages: readonly ('engine' | 'tfjsCpu' | 'tfjsWasm')[]): string | undefined {
  const counts = Object.hasOwn(conformance, name) ? stages.map((stage) => conformance[name]![stage]) : [];
  const tried = Math.max(0, ...counts.map((count) => count[1]));
  const good = Math.min(...counts.map((count) => count[0]));
  if (tried === 0) return undefined;
  return good === tried ? String(good) : `${good} of ${tried}`;
}

function onOnnxruntime(name: string): string {
  return nodeTests(name, ['engine']) ?? (checks.some(({ ops }) => ops.has(name)) ? 'yes' : '');
}

/** What is replaced never reaches the engine: what is in its place runs, or nothing here tells. */
function onTfjs(name: string, support: OpSupport): string {
  const counted = nodeTests(name, ['tfjsCpu', 'tfjsWasm']);
  if (tfjsOps.has(name)) return counted ?? 'yes';
  if (support !== 'replaced') return '-';
  return counted ?? (checks.some((check) => check.onTfjs && check.ops.has(name)) ? 'yes' : '');
}

function row(name: string, support: OpSupport, versions: string): string {
  const checked = (support === 'rule' && checkedOn(name)) || ' | ';
  return `| ${name} | ${versions} | ${words[support]} | ${onOnnxruntime(name)} | ${onTfjs(name, support)} | ${checked} |`;
}

function standardRow({ op, versions, gone }: StandardOp): string {
  return row(op, opSupport({ domain: '', op }), `${versions.join(', ')}${gone ? ', gone' : ''}`);
}

function otherRow(name: string): string {
  const dot = name.lastIndexOf('.');
  return row(name, opSupport({ domain: name.slice(0, dot), op: name.slice(dot + 1) }), '');
}

function page(): string {
  const counts = new Map<OpSupport, number>();
  for (const { op } of standardOps) {
    const support = opSupport({ domain: '', op });
    counts.set(support, (counts.get(support) ?? 0) + 1);
  }
  const head = `| operator | defined by opsets | in a scan | onnxruntime | tfjs | rule checked on opsets | of these on tfjs |
| --- | --- | --- | --- | --- | --- | --- |`;
  const lacking = cases.flatMap(({ op, detail }, i) =>
    checks[i]!.lacking.length > 0 ? [`${op}, ${detail}: ${checks[i]!.lacking.join(', ')}`] : [],
  );
  return `# Operators

What is done with every operator of ONNX opset 21, and with those of ONNX Runtime's own domain that exporters write. This page is made from the tables of the compiler and from the test cases of its rules (\`UPDATE_GOLDENS=1 npm test -- op-support\`); a test keeps them the same. \`neuroninspect inspect\` says the same of the operators of one model.

- **backward rule** (${counts.get('rule')} operators): a gradient passes. Its opsets are those of the test cases, in which the rule is compared with finite differences of ONNX Runtime's forward pass (\`test/core/compile/backward\`). The last column has those that the tfjs engine repeats with the same result; ${lacking.length} of ${cases.length} cases use an operator, or a form of one, that it has no kernel for, and the test sees it refuse them by that operator's name (${lacking.join('; ')}). Models of older opsets are first rewritten in the forms of opset 21. QuantizeLinear, DynamicQuantizeLinear and DequantizeLinear pass the gradient straight through, which is no derivative: they are tested by themselves. Some forms of an operator are refused, with the reason, when a model is compiled.
- **zero derivative** (${counts.get('zero')}): the operator's derivative is zero wherever it exists. It is run, and nothing flows back through it.
- **replaced** (${counts.get('replaced')}): written in other operators, or resolved, before anything is differentiated. If must have a condition that does not depend on the image, a sequence a known length.
- **forward only** (${counts.get('forward')}): may compute something that is not between image and logits, or be folded when it is constant. On the path a model with it is refused.
- **-** (${counts.get('none')}): a model that needs the operator's result is refused by operator, opset and node.

Columns of the engines: a number is how many node tests of the ONNX project pass there ([conformance](conformance.md) has all columns), \`6 of 8\` that the others are refused or listed there, \`yes\` that no node test is about it: of onnxruntime, that cases of the rules run it; of tfjs, that it has a kernel, or that they run what replaces the operator. Without a kernel (\`-\`) the tfjs engine refuses a program by the operator's name. An empty cell says that no test here runs the operator on that engine.

## Default domain

${head}
${standardOps.map(standardRow).join('\n')}

## Other domains and later opsets

${head}
${[...[...later].filter((op) => opSupport({ domain: '', op }) !== 'none').map((op) => row(op, opSupport({ domain: '', op }), '22 or later')), ...otherOps().map(otherRow)].join('\n')}
`;
}
