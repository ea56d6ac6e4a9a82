import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { format, resolveConfig } from 'prettier';
import { backward } from '../../../core/compile/backward/index.js';
import { zeroDerivative } from '../../../core/compile/backward/zero.js';
import { opSupport, qualifiedName, type OpSupport } from '../../../core/compile/op-support.js';
import { decomposedOps } from '../../../core/onnx/decompose.js';
import { shapeRules } from '../../../core/onnx/shapes/index.js';
import { repoRoot } from '../../support/paths.js';
import { standardOps, type StandardOp } from '../../support/standard-ops.js';
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
  for (const op of [...Object.keys(backward), ...zeroDerivative, ...decomposedOps, ...shaped]) {
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
  const named = [...Object.keys(backward), ...decomposedOps].filter((op) => op.includes('.'));
  return [...new Set([...shaped, ...named])].sort();
}

const words: Readonly<Record<OpSupport, string>> = {
  rule: 'backward rule',
  zero: 'zero derivative',
  replaced: 'replaced',
  forward: 'forward only',
  none: '-',
};

/** Opsets of the cases in which an op is differentiated and compared with finite differences. */
function checkedOn(name: string): string {
  const opsets = cases
    .filter(({ op, nodes }) => op === name || nodes.some((node) => qualifiedName(node) === name))
    .map(({ options }) => options.opset ?? 21);
  return [...new Set(opsets)].sort((a, b) => a - b).join(', ');
}

function row(name: string, support: OpSupport, versions: string): string {
  return `| ${name} | ${versions} | ${words[support]} | ${support === 'rule' ? checkedOn(name) : ''} |`;
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
  const head = '| operator | defined by opsets | in a scan | rule checked on opsets |\n| --- | --- | --- | --- |';
  return `# Operators

What is done with every operator of ONNX opset 21, and with those of ONNX Runtime's own domain that exporters write. This page is made from the tables of the compiler and from the test cases of its rules (\`UPDATE_GOLDENS=1 npm test -- op-support\`); a test keeps them the same. \`neuroninspect inspect\` says the same of the operators of one model.

- **backward rule** (${counts.get('rule')} operators): a gradient passes. The last column has the opsets of the test cases, in which the rule is compared with finite differences of ONNX Runtime's forward pass (\`test/core/compile/backward\`). Models of older opsets are first rewritten in the forms of opset 21. QuantizeLinear and DequantizeLinear pass the gradient straight through, which is no derivative: they are tested by themselves. Some forms of an operator are refused, with the reason, when a model is compiled.
- **zero derivative** (${counts.get('zero')}): the operator's derivative is zero wherever it exists. It is run, and nothing flows back through it.
- **replaced** (${counts.get('replaced')}): written in other operators, or resolved, before anything is differentiated. If must have a condition that does not depend on the image, a sequence a known length.
- **forward only** (${counts.get('forward')}): may compute something that is not between image and logits, or be folded when it is constant. On the path a model with it is refused.
- **-** (${counts.get('none')}): a model that needs the operator's result is refused by operator, opset and node.

## Default domain

${head}
${standardOps.map(standardRow).join('\n')}

## Other domains and later opsets

${head}
${[...[...later].filter((op) => opSupport({ domain: '', op }) !== 'none').map((op) => row(op, opSupport({ domain: '', op }), '22 or later')), ...otherOps().map(otherRow)].join('\n')}
`;
}
