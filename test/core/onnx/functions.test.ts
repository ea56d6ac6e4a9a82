import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inlineFunctions, type FunctionDefinition, type TemplateNode } from '../../../core/onnx/functions.js';
import type { Graph } from '../../../core/onnx/graph.js';
import { printGraph } from '../../../core/onnx/print.js';
import { expectGolden } from '../../support/golden.js';
import { graphWith, nodeOf, scanError, valueOf } from '../../support/graphs.js';

const limits = { maxNodes: 1000 };

function functionOf(name: string, parts: Partial<FunctionDefinition>): FunctionDefinition {
  return {
    domain: 'local',
    name,
    overload: '',
    inputs: ['x'],
    outputs: ['y'],
    attributes: [],
    defaults: new Map(),
    opsets: new Map([['', 17]]),
    nodes: [],
    ...parts,
  };
}

function callOf(name: string, inputs: readonly string[], outputs: readonly string[], more: Partial<TemplateNode> = {}) {
  return nodeOf(name, inputs, outputs, {}, { domain: 'local', ...more });
}

function graphOf(...nodes: readonly TemplateNode[]): Graph {
  return graphWith({ inputs: [valueOf('x', ['N', 4])], outputs: [valueOf('z', ['N', 4])], nodes });
}

const leaky = functionOf('Leaky', {
  attributes: ['slope'],
  defaults: new Map([['cap', { type: 'float', value: 6 }]]),
  nodes: [
    {
      ...nodeOf('LeakyRelu', ['x'], ['inner'], {}, { name: 'act' }),
      references: new Map([['alpha', 'slope']]),
    },
    { ...nodeOf('Constant', [], ['top']), references: new Map([['value_float', 'cap']]) },
    nodeOf('Min', ['inner', 'top'], ['y']),
  ],
});

test('two calls keep their values apart; attributes come from the call, the default, or are left out', () => {
  const block = functionOf('Block', {
    nodes: [
      callOf('Leaky', ['x'], ['h'], { name: 'one', attributes: new Map([['slope', { type: 'float', value: 0.5 }]]) }),
      callOf('Leaky', ['h'], ['y'], { name: 'two', attributes: new Map([['cap', { type: 'float', value: 1 }]]) }),
    ],
  });
  const graph = graphOf(callOf('Block', ['x'], ['mid'], { name: 'first' }), callOf('Block', ['mid'], ['z']));
  expectGolden('onnx/functions.txt', printGraph(inlineFunctions(graph, [leaky, block], limits, 'm')));
});

test('subgraphs of a body see its values, and calls inside subgraphs are inlined', () => {
  const branch = graphWith({
    outputs: [valueOf('b', [])],
    nodes: [callOf('Leaky', ['x'], ['b'])],
  });
  const choose = functionOf('Choose', {
    inputs: ['flag', 'x'],
    nodes: [nodeOf('If', ['flag'], ['y'], { then_branch: { type: 'graph', value: branch } })],
  });
  const inlined = inlineFunctions(graphOf(callOf('Choose', ['f', 'x'], ['z'])), [leaky, choose], limits, 'm');
  const [node] = inlined.nodes;
  const body = node?.attributes.get('then_branch');
  assert.ok(body?.type === 'graph');
  assert.deepEqual(
    body.value.nodes.map(({ op }) => op),
    ['LeakyRelu', 'Constant', 'Min'],
  );
  assert.deepEqual(body.value.nodes[0]?.inputs, ['x']);
  assert.deepEqual(body.value.nodes[2]?.outputs, [body.value.outputs[0]?.name]);
});

test('an output that is an input, or the same value twice, is copied', () => {
  const same = functionOf('Same', { outputs: ['x', 'r', 'r'], nodes: [nodeOf('Relu', ['x'], ['r'])] });
  const { nodes } = inlineFunctions(graphOf(callOf('Same', ['x'], ['a', 'b', 'z'])), [same], limits, 'm');
  assert.deepEqual(
    nodes.map(({ op, inputs, outputs }) => [op, inputs, outputs]),
    [
      ['Relu', ['x'], ['b']],
      ['Identity', ['x'], ['a']],
      ['Identity', ['b'], ['z']],
    ],
  );
});

test('left-out inputs and outputs stay left out', () => {
  const clip = functionOf('MyClip', {
    inputs: ['x', 'low'],
    outputs: ['y', 'z'],
    nodes: [nodeOf('Clip', ['x', 'low'], ['y'])],
  });
  const { nodes } = inlineFunctions(graphOf(callOf('MyClip', ['x'], ['z'])), [clip], limits, 'm');
  assert.deepEqual(nodes[0]?.inputs, ['x', '']);
});

test('a name of the graph is never taken by a value of a body', () => {
  const graph = graphOf(
    callOf('Leaky', ['x'], ['h'], { name: 'f' }),
    nodeOf('Relu', ['h'], ['f/inner']),
    nodeOf('Add', ['h', 'f/inner'], ['z']),
  );
  const outputs = inlineFunctions(graph, [leaky], limits, 'm').nodes.flatMap((node) => node.outputs);
  assert.equal(new Set(outputs).size, outputs.length);
});

test('overloads are told apart', () => {
  const one = functionOf('F', { overload: 'a', nodes: [nodeOf('Relu', ['x'], ['y'])] });
  const two = functionOf('F', { overload: 'b', nodes: [nodeOf('Tanh', ['x'], ['y'])] });
  const inlined = inlineFunctions(graphOf({ ...callOf('F', ['x'], ['z']), overload: 'b' }), [one, two], limits, 'm');
  assert.deepEqual(
    inlined.nodes.map(({ op }) => op),
    ['Tanh'],
  );
});

test('recursion, direct or through another function, is refused', () => {
  const f = functionOf('F', { nodes: [callOf('G', ['x'], ['y'])] });
  const g = functionOf('G', { nodes: [callOf('F', ['x'], ['y'])] });
  assert.throws(
    () => inlineFunctions(graphOf(callOf('F', ['x'], ['z'])), [f, g], limits, 'm.onnx'),
    scanError('model-malformed', /m\.onnx/, /local::F -> local::G -> local::F/),
  );
});

test('functions that double themselves stop at the limit, with empty bodies too', () => {
  const functions = Array.from({ length: 60 }, (_, i) =>
    functionOf(`F${i}`, {
      nodes: i === 0 ? [] : [callOf(`F${i - 1}`, ['x'], ['h']), callOf(`F${i - 1}`, ['x'], ['y'])],
    }),
  );
  assert.throws(
    () => inlineFunctions(graphOf(callOf('F59', ['x'], ['z'])), functions, limits, 'm'),
    scanError('model-too-large', /1000/),
  );
});

test('a chain of functions too long for the stack is refused', () => {
  const functions = Array.from({ length: 50_000 }, (_, i) =>
    functionOf(`F${i}`, { nodes: [i === 0 ? nodeOf('Relu', ['x'], ['y']) : callOf(`F${i - 1}`, ['x'], ['y'])] }),
  );
  assert.throws(
    () => inlineFunctions(graphOf(callOf('F49999', ['x'], ['z'])), functions, { maxNodes: 1e6 }, 'm'),
    scanError('model-too-large', /deep/),
  );
});

test('what would change the meaning silently is refused', () => {
  const relu = functionOf('Relu', { domain: '' });
  assert.throws(() => inlineFunctions(graphOf(), [relu], limits, 'm'), scanError('model-malformed', /redefines/));
  assert.throws(() => inlineFunctions(graphOf(), [leaky, leaky], limits, 'm'), scanError('model-malformed', /twice/));
  const older = functionOf('Old', { opsets: new Map([['', 9]]) });
  assert.throws(() => inlineFunctions(graphOf(), [older], limits, 'm'), scanError('model-unsupported-op', /9/, /17/));
  const stray = { ...nodeOf('LeakyRelu', ['x'], ['z']), references: new Map([['alpha', 'slope']]) };
  assert.throws(() => inlineFunctions(graphOf(stray), [], limits, 'm'), scanError('model-malformed', /outside/));
  const tooMany = callOf('Leaky', ['x', 'x'], ['z']);
  assert.throws(
    () => inlineFunctions(graphOf(tooMany), [leaky], limits, 'm'),
    scanError('model-malformed', /more values/),
  );
});

test('operator sets that only functions import are imported by the result', () => {
  const custom = functionOf('C', {
    opsets: new Map([['custom', 3]]),
    nodes: [nodeOf('Op', ['x'], ['y'], {}, { domain: 'custom' })],
  });
  assert.equal(inlineFunctions(graphOf(callOf('C', ['x'], ['z'])), [custom], limits, 'm').opsets.get('custom'), 3);
});
