import type { Graph, Tensor, ValueInfo } from '../../../core/onnx/graph.js';
import { programOpset } from '../../../core/onnx/upgrade.js';
import { createBuild, type Build, type Value } from './build.js';
import { callOrder, keyOf } from './call-order.js';
import type { Argument, Reference } from './calls.js';
import { refusalsOf, type Refusals } from './errors.js';
import { graphInput } from './input.js';
import type { LayerCall, Operand, Part } from './layer.js';
import { layerRules } from './layers/index.js';
import { parseModel, type KerasLayer, type KerasModel } from './model.js';
import { checkPolicy } from './policy.js';
import { settingsOf } from './settings.js';
import { storeNames } from './store-names.js';
import { asFloat32 } from './float32.js';
import type { KerasWeights } from './weights.js';

export interface KerasOptions {
  /** How errors name the file. */
  readonly title: string;
  /** As the file tells it, `3.15.1`; without it the form of the config decides between Keras 2 and 3. */
  readonly kerasVersion?: string | undefined;
}

/**
 * Translates a Sequential or Functional model of Keras 2 or 3 (or TensorFlow.js, which writes the same) into a graph.
 * Inputs and outputs keep Keras' layout; nodes are named after layers. Dropout, noise and random augmentation do nothing, as
 * at inference.
 *
 * @param config of the model, `{ class_name, config }`: `config.json` of a `.keras` file, `model_config` of an `.h5` file,
 *   `modelTopology.model_config` of a TensorFlow.js model.
 * @throws ScanError `model-malformed`; `model-unsupported-op` for layers and functions that are not translated, custom
 *   classes, Lambda layers and quantised weights, each by name; `model-too-large`.
 */
export function kerasGraph(config: unknown, weights: KerasWeights, { title, kerasVersion }: KerasOptions): Graph {
  const refuse = refusalsOf(title);
  if (kerasVersion?.startsWith('1.'))
    refuse.unsupported(`the model is of Keras ${kerasVersion}; load and save it with Keras 2 first`);
  const model = parseModel(config, refuse);
  const build = createBuild(new Set(model.inputs.map(({ layer }) => layer)), refuse.malformed);
  const translation: Translation = {
    build,
    weights,
    refuse,
    generation: kerasVersion ? (Number.parseInt(kerasVersion, 10) >= 3 ? 3 : 2) : generationOf(model),
    constants: new Map(),
    budget: { left: maxCalls },
    uses: new Map(),
  };
  const inputs: ValueInfo[] = [];
  const given = model.inputs.map(({ layer: name }) => {
    const layer = model.layers.find((each) => each.name === name)!;
    const made = graphInput(layer, build, refuse);
    inputs.push(made.info);
    return made.value;
  });
  const outputs = translateModel(translation, model, given, { names: [], store: '' });
  const own = distinct(build, outputs, inputs);
  return {
    name: model.name,
    irVersion: 10,
    producer: `Keras ${kerasVersion ?? translation.generation}`,
    opsets: new Map([['', programOpset]]),
    inputs,
    outputs: own.map(({ name, dims }) => ({
      name,
      dtype: 'float32',
      dims: dims.map((dim, axis) => dim ?? (axis === 0 ? 'N' : null)),
    })),
    nodes: build.emitter.nodes,
    initializers: build.emitter.initializers,
    metadata: new Map(),
  };
}

interface Translation {
  readonly build: Build;
  readonly weights: KerasWeights;
  readonly refuse: Refusals;
  readonly generation: 2 | 3;
  /** Constants of layers by place and key, because a layer may be used several times. */
  readonly constants: Map<string, Value>;
  readonly budget: { left: number };
  /** How often each layer was used so far. */
  readonly uses: Map<string, number>;
}

/** Layers used, shared models counted as often as they are used: they multiply when they lie in each other. */
const maxCalls = 20_000;

/** Where a model or layer lies. */
interface Place {
  readonly names: readonly string[];
  readonly store: string;
}

function translateModel(t: Translation, model: KerasModel, given: readonly Value[], place: Place): readonly Value[] {
  const title = place.names.length > 0 ? `the model '${place.names.join('/')}'` : 'the model';
  if (given.length !== model.inputs.length)
    return t.refuse.malformed(`${title} takes ${model.inputs.length} tensors but is given ${given.length}`);
  const results = new Map<string, readonly Value[]>(
    model.inputs.map((reference, i) => [keyOf(reference.layer, 0), [given[i]!]]),
  );
  const resolve = ({ layer, call, tensor }: Reference): Value =>
    results.get(keyOf(layer, call))?.[tensor] ??
    t.refuse.malformed(`${title} uses output ${tensor} of call ${call} of layer '${layer}', which there is not`);
  const stores = storeNames(model.layers);
  for (const { layer, index, call } of callOrder(model, title, t.refuse)) {
    if (--t.budget.left < 0) t.refuse.tooLarge(`the model uses layers more than ${maxCalls} times`);
    const own: Place = { names: [...place.names, layer.name], store: `${place.store}${stores.get(layer)!}` };
    const args = call.args.map((argument) => operandOf(argument, resolve));
    const options = new Map([...call.options].map(([name, argument]) => [name, operandOf(argument, resolve)]));
    const inputs = [...args, ...options.values()].flatMap(tensorsOf);
    const made = layer.model
      ? translateModel(t, layer.model, inputs, { ...own, store: `${own.store}/` })
      : translateLayer(t, layer, own, { args, options, inputs });
    results.set(keyOf(layer.name, index), made);
  }
  return model.outputs.map(resolve);
}

function translateLayer(
  t: Translation,
  layer: KerasLayer,
  place: Place,
  given: Pick<LayerCall, 'args' | 'options' | 'inputs'>,
): readonly Value[] {
  const title = `layer '${place.names.join('/')}' (${layer.className})`;
  const rule = Object.hasOwn(layerRules, layer.className) ? layerRules[layer.className] : undefined;
  if (!rule) return t.refuse.unsupported(`${title} is of a class that is not supported`);
  checkPolicy(layer.settings, title, t.refuse);
  t.build.scope(scopeOf(t, place.names.join('/')));
  const made = rule({
    ...given,
    name: layer.name,
    className: layer.className,
    settings: layer.settings,
    isOperation: layer.isOperation,
    generation: t.generation,
    build: t.build,
    variables: (names, part) => variablesOf(t, place, names, part, title),
    once: (key, make) => onceOf(t, `${place.names.join('\0')}\0\0${key}`, key, make),
    apply: (inner, part, x) => applyInner(t, inner, part, x, place, title),
    fail: (problem) => t.refuse.malformed(`${title} ${problem}`),
    refuse: (problem) => t.refuse.unsupported(`${title} ${problem}`),
  });
  return 'name' in made ? [made] : made;
}

/** The layer's name; from the second use on with its number, so that no name has to be searched for. */
function scopeOf(t: Translation, name: string): string {
  const uses = (t.uses.get(name) ?? 0) + 1;
  t.uses.set(name, uses);
  return uses === 1 ? name : `${name}:${uses}`;
}

function variablesOf(
  t: Translation,
  { names, store }: Place,
  wanted: readonly string[],
  part: Part | undefined,
  title: string,
): Tensor[] {
  const layers = part ? [...names, part.name] : names;
  return wanted.map((name, index) => {
    const tensor = t.weights.read({ layers, store: part ? `${store}/${part.store}` : store, name, index });
    const what = part ? `${part.name}/${name}` : name;
    return tensor
      ? asFloat32(tensor, `the weight '${what}' of ${title}`, t.refuse)
      : t.refuse.malformed(`the weight '${what}' of ${title} is not in the file`);
  });
}

function onceOf(t: Translation, id: string, hint: string, make: () => Tensor): Value {
  const known = t.constants.get(id);
  if (known) return known;
  const value = t.build.constant(make(), hint);
  t.constants.set(id, value);
  return value;
}

/** What a wrapper like TimeDistributed wraps. */
function applyInner(t: Translation, inner: unknown, part: Part, x: Value, place: Place, title: string): Value {
  if (place.names.length > 32) return t.refuse.tooLarge(`${title} wraps layers too deep in each other`);
  const entry = settingsOf(inner, `the layer in ${title}`, t.refuse.malformed);
  // A model of one layer: its class is checked as any other's.
  const model = parseModel({ class_name: 'Sequential', config: { name: part.name, layers: [entry.whole] } }, t.refuse);
  const layer = model.layers.find(({ className }) => className !== 'InputLayer');
  if (!layer) return t.refuse.unsupported(`${title} wraps no layer`);
  // Keras 2 names the weights after the wrapper.
  const names = t.generation === 3 ? [...place.names, layer.name] : place.names;
  const own = { names, store: `${place.store}/${part.store}` };
  if (layer.model) return translateModel(t, layer.model, [x], { ...own, store: `${own.store}/` })[0]!;
  const args = [{ kind: 'tensor', value: x } as const];
  return translateLayer(t, layer, own, { args, options: new Map(), inputs: [x] })[0]!;
}

function operandOf(argument: Argument, resolve: (reference: Reference) => Value): Operand {
  if (argument.kind === 'tensor') return { kind: 'tensor', value: resolve(argument.reference) };
  if (argument.kind === 'list') return { kind: 'list', items: argument.items.map((item) => operandOf(item, resolve)) };
  return argument;
}

function tensorsOf(operand: Operand): Value[] {
  if (operand.kind === 'tensor') return [operand.value];
  return operand.kind === 'list' ? operand.items.flatMap(tensorsOf) : [];
}

/** An output needs a name of its own, even where nothing is computed. */
function distinct(build: Build, outputs: readonly Value[], inputs: readonly ValueInfo[]): Value[] {
  const taken = new Set(inputs.map(({ name }) => name));
  return outputs.map((value) => {
    build.scope('output');
    const own =
      taken.has(value.name) || build.emitter.initializers.has(value.name) ? build.unary('Identity', value) : value;
    taken.add(own.name);
    return own;
  });
}

/** Keras 3 writes `batch_shape` where Keras 2 wrote `batch_input_shape`. */
function generationOf(model: KerasModel): 2 | 3 {
  return model.layers.some(
    ({ settings, model: inner }) => settings.has('batch_input_shape') || (inner && generationOf(inner) === 2),
  )
    ? 2
    : 3;
}
