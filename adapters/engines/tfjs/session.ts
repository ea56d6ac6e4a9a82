import { allocate } from '../../../core/onnx/evaluate/cells.js';
import { newBudget } from '../../../core/onnx/evaluate/budget.js';
import { evaluate, evaluators } from '../../../core/onnx/evaluate/index.js';
import type { Graph, Node, Tensor } from '../../../core/onnx/graph.js';
import { liveNodes } from '../../../core/onnx/live.js';
import type { OpCall, ValueType } from '../../../core/onnx/shapes/call.js';
import { inferTypes } from '../../../core/onnx/shapes/index.js';
import { sizeOf } from '../../../core/onnx/tensor.js';
import type { EngineSession } from '../../../core/ports/engine.js';
import { ScanError } from '../../../core/scan/errors.js';
import type { KernelCall, KernelEntry } from './call.js';
import { tfjsError } from './errors.js';
import type { Tf, TfTensor } from './library.js';
import { kernelOf } from './ops/index.js';
import { carrierOf, download, hostValue, release, upload, type Value } from './values.js';

/**
 * Interprets a program node by node. Weights go to the device when they are first needed and stay until the session is
 * disposed; every other value is given up after its last reader.
 *
 * @param activate makes the session's backend the current one of the library, which all sessions share.
 */
export function newSession(tf: Tf, program: Graph, activate: () => void): EngineSession {
  for (const node of program.nodes) {
    if (!kernelOf(node) && !onHost(node)) throw failure(program, node, 'there is no kernel for this op');
  }
  const weights = new Map([...program.initializers].map(([name, tensor]) => [name, hostValue(tensor)]));
  const derived = new Map<string, TfTensor>();
  const plans = new Map<string, Plan>();
  let disposed = false;

  return {
    // Everything happens before the first await: runs do not overlap.
    run: (feeds, outputs = program.outputs.map(({ name }) => name)) =>
      attempt(program, () => {
        if (disposed) throw failure(program, undefined, 'the session was disposed of');
        activate();
        const inputs = checkedFeeds(program, feeds);
        const key = JSON.stringify(outputs);
        const plan = plans.get(key) ?? planFor(program, outputs);
        plans.set(key, plan);
        return interpret({ tf, program, weights, derived }, plan, inputs, outputs);
      }),
    dispose: () => {
      if (!disposed) {
        activate();
        for (const weight of weights.values()) release(weight);
        for (const tensor of derived.values()) tensor.dispose();
        weights.clear();
        derived.clear();
      }
      disposed = true;
      return Promise.resolve();
    },
  };
}

interface Machine {
  readonly tf: Tf;
  readonly program: Graph;
  readonly weights: ReadonlyMap<string, Value>;
  /** What was computed from weights alone, by what it is. */
  readonly derived: Map<string, TfTensor>;
}

interface Plan {
  readonly nodes: readonly Node[];
  /** Per node: the values that nobody reads after it. */
  readonly last: readonly (readonly string[])[];
}

function planFor(program: Graph, outputs: readonly string[]): Plan {
  const nodes = liveNodes(program.nodes, outputs);
  const known = new Set([...program.initializers.keys(), ...program.inputs.map(({ name }) => name)]);
  for (const node of nodes) for (const name of node.outputs) known.add(name);
  const missing = outputs.find((name) => !known.has(name));
  if (missing !== undefined) throw failure(program, undefined, `there is no output '${missing}'`);
  const seen = new Set(outputs);
  const last = nodes.toReversed().map((node) => {
    const ending = [...new Set([...node.inputs, ...node.outputs])].filter((name) => name !== '' && !seen.has(name));
    for (const name of ending) seen.add(name);
    return ending.filter((name) => !program.initializers.has(name));
  });
  return { nodes, last: last.reverse() };
}

function interpret(
  machine: Machine,
  { nodes, last }: Plan,
  inputs: ReadonlyMap<string, Tensor>,
  outputs: readonly string[],
): Map<string, Tensor> {
  const { program, weights } = machine;
  const own = new Map<string, Value>([...inputs].map(([name, tensor]) => [name, hostValue(tensor)]));
  const valueOf = (name: string): Value | undefined => own.get(name) ?? weights.get(name);
  const budget = newBudget(program);
  try {
    nodes.forEach((node, i) => {
      try {
        const results = runNode(machine, node, valueOf, budget);
        node.outputs.forEach((name, k) => {
          const value = results[k];
          if (name !== '' && value) own.set(name, value);
          else if (value) release(value);
        });
      } catch (thrown) {
        throw tfjsError(thrown, program.name, node);
      }
      for (const name of last[i]!) {
        const value = own.get(name);
        if (value) release(value);
        own.delete(name);
      }
    });
    return new Map(outputs.map((name) => [name, ownCopy(download(valueOf(name)!), inputs, program)]));
  } finally {
    for (const value of own.values()) release(value);
  }
}

/** A result that is a feed or a weight handed through must not share its memory. */
function ownCopy(tensor: Tensor, inputs: ReadonlyMap<string, Tensor>, program: Graph): Tensor {
  const shared = [...inputs.values(), ...program.initializers.values()].some(({ data }) => data === tensor.data);
  return shared ? { ...tensor, data: tensor.data.slice() } : tensor;
}

function runNode(
  machine: Machine,
  node: Node,
  valueOf: (name: string) => Value | undefined,
  budget: ReturnType<typeof newBudget>,
): (Value | undefined)[] {
  const { program } = machine;
  const values = node.inputs.map((name) => {
    if (name === '') return undefined;
    const value = valueOf(name);
    if (!value) throw failure(program, node, `its input '${name}' has no value`);
    return value;
  });
  const call = opCall(program, node, values);
  const entry = kernelOf(node);
  if (entry && fits(entry, values) && !cheapOnHost(node, values)) {
    const computed = runKernel(machine, entry, call, values);
    if (computed) return computed;
  }
  const results = onHost(node) ? evaluate(call, budget) : undefined;
  if (!results) {
    const types = values.map((value) => value?.dtype ?? 'nothing').join(', ');
    throw failure(program, node, `tfjs cannot compute this op exactly for ${types}`);
  }
  return results.map(hostValue);
}

/** Integers, truth values and wide types are computed by the evaluator that folds constants, exactly. */
function onHost(node: Node): boolean {
  return node.domain === '' && (evaluators.has(node.op) || typesAlone.has(node.op));
}

const typesAlone = new Set(['Constant', 'Shape', 'Size']);

function fits({ takes }: KernelEntry, values: readonly (Value | undefined)[]): boolean {
  return values.every((value, i) => {
    if (!value) return true;
    if (takes === 'float') return value.dtype === 'float32';
    if (takes === 'first' && i === 0) return value.dtype === 'float32';
    return carrierOf(value.dtype) !== undefined;
  });
}

/** Shapes, axes and the like never leave the host. */
function cheapOnHost(node: Node, values: readonly (Value | undefined)[]): boolean {
  return (
    onHost(node) &&
    values.every((value) => !value || (value.host && value.dtype !== 'float32' && sizeOf(value.dims) <= smallSize))
  );
}

const smallSize = 4096;

function opCall(program: Graph, node: Node, values: readonly (Value | undefined)[]): OpCall {
  const constants = new Array<Tensor | undefined>(values.length).fill(undefined);
  values.forEach((value, i) => {
    if (value) Object.defineProperty(constants, i, { get: () => download(value), enumerable: true });
  });
  return {
    node,
    opset: program.opsets.get(node.domain) ?? 1,
    types: values.map((value) => value && { dtype: value.dtype, dims: value.dims }),
    constants,
  };
}

function runKernel(
  { tf, program, derived }: Machine,
  { kernel }: KernelEntry,
  op: OpCall,
  values: readonly (Value | undefined)[],
): (Value | undefined)[] | undefined {
  const { node } = op;
  const fail = (problem: string): never => {
    throw failure(program, node, problem);
  };
  const out = inferTypes(op);
  if (out.every(({ dims }) => dims.includes(0)))
    return out.map(({ dtype, dims }) => hostValue(allocate(dtype, dims).tensor));

  const handedOut = new Set<TfTensor>();
  const c: KernelCall = {
    tf,
    node,
    op,
    out,
    has: (index) => values[index] !== undefined,
    dims: (index) => values[index]?.dims ?? fail(`it lacks its input ${index}`),
    x: (index, shape) => {
      const uploaded = upload(tf, values[index] ?? fail(`it lacks its input ${index}`));
      if (typeof uploaded === 'string') return fail(uploaded);
      handedOut.add(uploaded);
      const wanted = shape ?? values[index]!.dims;
      const same = wanted.length === uploaded.shape.length && wanted.every((dim, i) => dim === uploaded.shape[i]);
      return same ? uploaded : tf.reshape(uploaded, wanted);
    },
    host: (index) => download(values[index] ?? fail(`it lacks its input ${index}`)),
    once: (inputs, key, make) => {
      const names = inputs.map((index) => node.inputs[index] ?? '');
      if (!names.every((name) => name === '' || program.initializers.has(name))) return make();
      const id = JSON.stringify([...names, key]);
      const known = derived.get(id) ?? tf.keep(tf.clone(make()));
      derived.set(id, known);
      handedOut.add(known);
      return known;
    },
    fail,
  };
  const results = tf.tidy(() => {
    const made = kernel(c);
    if (made === 'host') return undefined;
    const list = Array.isArray(made) ? (made as readonly (TfTensor | undefined)[]) : [made as TfTensor];
    return list.map((tensor) => (tensor && handedOut.has(tensor) ? tf.clone(tensor) : tensor));
  });
  return (
    results &&
    out.map((type, i) => {
      const device = results[i];
      if (!device) return undefined;
      checkResult(type, device, fail);
      return { ...type, host: undefined, device };
    })
  );
}

/** A kernel that is wrong about its result must not go unnoticed. */
function checkResult({ dtype, dims }: ValueType, device: TfTensor, fail: (problem: string) => never): void {
  if (sizeOf(device.shape) !== sizeOf(dims) || device.dtype !== carrierOf(dtype)) {
    fail(`the result is ${device.dtype} [${device.shape.join(', ')}] instead of ${dtype} [${dims.join(', ')}]`);
  }
}

function checkedFeeds(program: Graph, feeds: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> {
  for (const { name, dtype } of program.inputs) {
    const feed = feeds.get(name);
    if (!feed) throw failure(program, undefined, `the input '${name}' is missing`);
    if (feed.dtype !== dtype) throw failure(program, undefined, `the input '${name}' is ${feed.dtype}, not ${dtype}`);
  }
  for (const name of feeds.keys()) {
    if (!program.inputs.some((input) => input.name === name)) {
      throw failure(program, undefined, `there is no input '${name}'`);
    }
  }
  return feeds;
}

function attempt<T>(program: Graph, body: () => T): Promise<T> {
  try {
    return Promise.resolve(body());
  } catch (thrown) {
    return Promise.reject(tfjsError(thrown, program.name));
  }
}

function failure(program: Graph, node: Node | undefined, problem: string): ScanError {
  const place = node ? `program '${program.name}', node '${node.name}' (${node.op})` : `program '${program.name}'`;
  return new ScanError('engine-failed', `tfjs failed in ${place}: ${problem}`);
}
