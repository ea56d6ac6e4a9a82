import { parseCall, type Argument, type Call, type Reference } from './calls.js';
import type { Refusals } from './errors.js';
import { isObject, settingsOf, type Settings } from './settings.js';

/** A Sequential or Functional model as its config tells it, checked but not yet translated. */
export interface KerasModel {
  readonly name: string;
  readonly layers: readonly KerasLayer[];
  readonly inputs: readonly Reference[];
  readonly outputs: readonly Reference[];
}

export interface KerasLayer {
  readonly name: string;
  readonly className: string;
  readonly settings: Settings;
  /** An operation of Keras 3 (`x + 1` of a Functional model) rather than a layer. */
  readonly isOperation: boolean;
  /** Of Sequential and Functional models used as layers. */
  readonly model: KerasModel | undefined;
  readonly calls: readonly Call[];
}

/** A file that needs more is an attack: real models stay two orders of magnitude below. */
const maxLayers = 50_000;
const maxDepth = 16;

/**
 * @param config of a model: `{ class_name, config: { layers } }`, as Keras 2 and 3 and TensorFlow.js write it.
 */
export function parseModel(config: unknown, refuse: Refusals): KerasModel {
  return modelOf(settingsOf(config, 'the model', refuse.malformed), refuse, { left: maxLayers }, 0);
}

function modelOf(outer: Settings, refuse: Refusals, budget: { left: number }, depth: number): KerasModel {
  if (depth > maxDepth) return refuse.tooLarge(`models lie more than ${maxDepth} deep in models`);
  const className = classNameOf(outer, refuse);
  if (!modelClasses.has(className))
    return refuse.unsupported(
      `the model is of the class ${className}, whose computation is Python code. Only Sequential and Functional models are read`,
    );
  // Until Keras 2.2.2 the config of a Sequential model was the list of its layers.
  const given = outer.raw('config');
  const config = Array.isArray(given)
    ? settingsOf({ layers: given as unknown }, outer.what, refuse.malformed)
    : outer.object('config');
  const name = config.text('name', className.toLowerCase());
  const entries = config.list('layers');
  budget.left -= entries.length;
  if (budget.left < 0) return refuse.tooLarge(`the model has more than ${maxLayers} layers`);

  const names = new Set<string>();
  const parsed = entries.map((entry, i) => {
    const layer = settingsOf(entry, `layer ${i} of ${name}`, refuse.malformed);
    const own = nameOf(layer, i);
    if (names.has(own)) refuse.malformed(`two layers of ${name} are called '${own}'`);
    names.add(own);
    return { layer, own };
  });
  const layers = parsed.map(({ layer, own }): KerasLayer => {
    const layerClass = classNameOf(layer, refuse, own);
    const isModel = modelClasses.has(layerClass);
    const settings = isModel
      ? layer
      : settingsOf(layer.raw('config') ?? {}, `layer '${own}' (${layerClass})`, refuse.malformed);
    return {
      name: own,
      className: layerClass,
      settings,
      isOperation: !isModel && isOperation(layer, settings),
      model: isModel ? modelOf(layer, refuse, budget, depth + 1) : undefined,
      calls: className === 'Sequential' ? [] : callsOf(layer, names),
    };
  });
  if (className === 'Sequential') return sequential(name, layers, builtShape(outer, config), refuse);
  return {
    name,
    layers: layers.map(countedFromZero(layers, config, names)),
    inputs: referencesIn(config, 'input_layers', names),
    outputs: referencesIn(config, 'output_layers', names),
  };
}

const modelClasses: ReadonlySet<string> = new Set(['Sequential', 'Functional', 'Model']);

/** Every layer takes what the one before it gives. Without an InputLayer the first layer tells the shape. */
function sequential(name: string, layers: readonly KerasLayer[], built: unknown, refuse: Refusals): KerasModel {
  const [first] = layers;
  if (!first) return refuse.malformed(`the model ${name} has no layers`);
  const chain = first.className === 'InputLayer' ? layers : [inputBefore(first, name, built, refuse), ...layers];
  const reference = (layer: KerasLayer): Reference => ({ layer: layer.name, call: 0, tensor: 0 });
  return {
    name,
    layers: chain.map((layer, i) => ({
      ...layer,
      calls: i === 0 ? [] : [{ args: [{ kind: 'tensor', reference: reference(chain[i - 1]!) }], options: new Map() }],
    })),
    inputs: [reference(chain[0]!)],
    outputs: [reference(chain.at(-1)!)],
  };
}

function inputBefore(first: KerasLayer, name: string, built: unknown, refuse: Refusals): KerasLayer {
  const input = settingsOf({ batch_shape: inputShapeOf(first) ?? built }, `the input of ${name}`, refuse.malformed);
  return {
    name: `${first.name}_input`,
    className: 'InputLayer',
    settings: input,
    isOperation: false,
    model: undefined,
    calls: [],
  };
}

function inputShapeOf(layer: KerasLayer): unknown {
  const inner = layer.model?.layers[0];
  const { settings } = inner ?? layer;
  return settings.raw('batch_input_shape') ?? settings.raw('batch_shape');
}

/** The shape with which a Sequential model without an InputLayer was built. */
function builtShape(outer: Settings, config: Settings): unknown {
  const build = outer.raw('build_config');
  return (
    config.raw('build_input_shape') ??
    (isObject(build) && Object.hasOwn(build, 'input_shape') ? build.input_shape : undefined)
  );
}

function nameOf(layer: Settings, index: number): string {
  const inner = layer.raw('config');
  const named = layer.raw('name') ?? (isObject(inner) && Object.hasOwn(inner, 'name') ? inner.name : undefined);
  if (named === undefined) return `layer_${index}`;
  return typeof named === 'string' && named.length <= 1024 ? named : layer.fail('has no proper name');
}

/**
 * The class of a layer of Keras itself.
 * @throws ScanError for classes of others, whose code is not in the file.
 */
function classNameOf(layer: Settings, refuse: Refusals, name?: string): string {
  const full = layer.text('class_name');
  const className = full.slice(full.lastIndexOf('>') + 1);
  const title = name === undefined ? 'the model' : `layer '${name}'`;
  const module = layer.raw('module');
  const foreign =
    typeof module === 'string'
      ? !/^(tf_)?keras(\.|$)|^tensorflow\.(python\.)?keras\./.test(module)
      : full.includes('>');
  if (!foreign || (typeof module !== 'string' && ownRegistered.has(className))) return className;
  return refuse.unsupported(
    `${title} is of the custom class ${typeof module === 'string' ? `${module}.` : ''}${full}, whose code is not part of the file and is never run`,
  );
}

/** Classes that keras.applications registers as if they were a user's. */
const ownRegistered: ReadonlySet<string> = new Set(['CustomScaleLayer', 'LayerScale', 'StochasticDepth']);

/** The legacy HDF5 layout drops the module; then the config of an operation lacks what every layer has. */
function isOperation(layer: Settings, settings: Settings): boolean {
  const module = layer.raw('module');
  if (typeof module === 'string') return module.includes('.ops.');
  return !settings.has('trainable') && !settings.has('dtype') && layer.text('class_name') !== 'InputLayer';
}

function callsOf(layer: Settings, names: ReadonlySet<string>): Call[] {
  if (!layer.has('inbound_nodes')) return [];
  return layer.list('inbound_nodes').map((node) => parseCall(node, names, layer.fail));
}

/** `["name", 0, 0]`, a list of such, or a dictionary of such. */
function referencesIn(config: Settings, key: string, names: ReadonlySet<string>): Reference[] {
  const found: Reference[] = [];
  const visit = (value: unknown, depth: number): void => {
    if (Array.isArray(value) && value.length >= 3 && typeof value[0] === 'string') {
      const [layer, call, tensor] = value as unknown[];
      if (!names.has(layer as string) || typeof call !== 'number' || typeof tensor !== 'number')
        config.fail(`names in '${key}' what is none of its layers`);
      found.push({ layer: layer as string, call: call, tensor: tensor });
    } else if (depth < 4 && (Array.isArray(value) || isObject(value))) {
      for (const inner of Object.values(value) as unknown[]) visit(inner, depth + 1);
    } else config.fail(`has '${key}' that do not name layers`);
  };
  visit(config.raw(key), 0);
  return found.length > 0 ? found : config.fail(`has no '${key}'`);
}

/** A model used as a layer counts its own making as call 0 in some versions of Keras; that call is not in the file. */
function countedFromZero(
  layers: readonly KerasLayer[],
  config: Settings,
  names: ReadonlySet<string>,
): (layer: KerasLayer) => KerasLayer {
  const lowest = new Map<string, number>();
  const note = ({ layer, call }: Reference): void => {
    lowest.set(layer, Math.min(call, lowest.get(layer) ?? call));
  };
  const visit = (argument: Argument): void => {
    if (argument.kind === 'tensor') note(argument.reference);
    if (argument.kind === 'list') argument.items.forEach(visit);
  };
  for (const { args, options } of layers.flatMap(({ calls }) => calls)) [...args, ...options.values()].forEach(visit);
  referencesIn(config, 'output_layers', names).forEach(note);
  return (layer) => {
    const offset = layer.model ? (lowest.get(layer.name) ?? 0) : 0;
    if (offset === 0) return layer;
    const skipped = new Array<Call>(Math.min(offset, 1)).fill({ args: [], options: new Map() });
    return { ...layer, calls: [...skipped, ...layer.calls] };
  };
}
