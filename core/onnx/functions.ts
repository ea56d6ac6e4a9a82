import { ScanError } from '../scan/errors.js';
import type { Attribute, Graph, Node, Tensor, ValueInfo } from './graph.js';
import { NameSupply } from './name-supply.js';

/** A model-local function: an operator that the model defines by other operators. */
export interface FunctionDefinition {
  readonly domain: string;
  readonly name: string;
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Names of attributes without a default; a call may leave them out. */
  readonly attributes: readonly string[];
  readonly defaults: ReadonlyMap<string, Attribute>;
  readonly opsets: ReadonlyMap<string, number>;
  readonly nodes: readonly TemplateNode[];
}

/** A node as it stands in the file. */
export interface TemplateNode extends Node {
  /** In a function body: the node's attribute name to the name of the function's attribute it takes its value from. */
  readonly references?: ReadonlyMap<string, string>;
  /** Which of several functions of the same name is called. */
  readonly overload?: string;
}

/**
 * Replaces calls of model-local functions by their bodies, also in subgraphs and in other functions.
 *
 * Values of a body get the prefix `<call>/`, the call being named by its node or its first output, so that names stay
 * unique and readable. An attribute reference takes the call's attribute, else the function's default, else the
 * attribute is left out, as the ONNX specification says.
 *
 * @param source names the model in errors.
 * @throws ScanError `model-malformed` for recursion, a reference outside a function, a redefined standard operator, two
 *   functions of one name; `model-too-large` for more than `maxNodes` nodes and calls; `model-unsupported-op` when a
 *   function was written for another operator set than the model.
 */
export function inlineFunctions(
  graph: Graph,
  functions: readonly FunctionDefinition[],
  limits: { readonly maxNodes: number },
  source: string,
): Graph {
  const table = functionTable(functions, source);
  const opsets = mergedOpsets(graph.opsets, functions, source);
  const names = new NameSupply(graph);
  const open: string[] = [];
  let emitted = 0;

  return { ...graph, opsets, nodes: expandAll(graph.nodes, rootScope) };

  function expandAll(nodes: readonly TemplateNode[], scope: Scope): Node[] {
    return nodes.flatMap((node) => expand(node, scope));
  }

  function expand(template: TemplateNode, scope: Scope): Node[] {
    const definition = table.get(functionKey(template.domain, template.op, template.overload ?? ''));
    if (++emitted > limits.maxNodes) {
      throw new ScanError('model-too-large', `${source}: functions expand to more than ${limits.maxNodes} nodes`);
    }
    const node = instantiate(template, scope);
    if (!definition) return [node];
    const key = functionKey(definition.domain, definition.name, definition.overload);
    if (open.includes(key)) {
      throw new ScanError('model-malformed', `${source}: function ${[...open, key].join(' -> ')} calls itself`);
    }
    if (open.length === maxCallDepth) {
      throw new ScanError('model-too-large', `${source}: functions call each other more than ${maxCallDepth} deep`);
    }
    open.push(key);
    const body = call(node, definition);
    open.pop();
    return body;
  }

  function call(node: Node, definition: FunctionDefinition): Node[] {
    if (node.inputs.length > definition.inputs.length || node.outputs.length > definition.outputs.length) {
      throw new ScanError(
        'model-malformed',
        `${source}: node ${label(node)} passes more values than function ${definition.name} takes or returns`,
      );
    }
    const values = new Map<string, string>();
    definition.inputs.forEach((formal, i) => values.set(formal, node.inputs[i] ?? ''));
    // A formal output that is no value of the body's own (an input passed through, or listed twice) needs a copy.
    const copies: Node[] = [];
    const prefix = `${label(node)}/`;
    definition.outputs.forEach((formal, i) => {
      const actual = node.outputs[i] ?? '';
      if (!actual) return;
      const known = values.get(formal);
      if (known === undefined) values.set(formal, actual);
      else copies.push(identity(known, actual));
    });
    const attributes = new Map([...definition.defaults, ...node.attributes]);
    emitted += copies.length;
    return [...expandAll(definition.nodes, { values, attributes, prefix }), ...copies];
  }

  function instantiate(template: TemplateNode, scope: Scope): Node {
    const attributes = new Map<string, Attribute>();
    for (const [name, attribute] of template.attributes) attributes.set(name, inScope(attribute, scope));
    for (const [name, from] of template.references ?? []) {
      if (scope === rootScope) {
        throw new ScanError(
          'model-malformed',
          `${source}: attribute ${name} of node ${label(template)} refers to a function's attribute outside of a function`,
        );
      }
      const attribute = scope.attributes.get(from);
      if (attribute) attributes.set(name, attribute);
    }
    return {
      name: template.name && scope.prefix + template.name,
      op: template.op,
      domain: template.domain,
      inputs: template.inputs.map((name) => rename(name, scope)),
      outputs: template.outputs.map((name) => rename(name, scope)),
      attributes,
    };
  }

  function inScope(attribute: Attribute, scope: Scope): Attribute {
    if (attribute.type !== 'graph') return attribute;
    const body = attribute.value;
    const renamed = (info: ValueInfo): ValueInfo => ({ ...info, name: rename(info.name, scope) });
    const initializers = new Map<string, Tensor>();
    for (const [name, tensor] of body.initializers) initializers.set(rename(name, scope), tensor);
    const inputs = body.inputs.map(renamed);
    const nodes = expandAll(body.nodes, scope);
    return { type: 'graph', value: { ...body, inputs, outputs: body.outputs.map(renamed), nodes, initializers } };
  }

  function rename(name: string, scope: Scope): string {
    if (!name || scope === rootScope) return name;
    const known = scope.values.get(name);
    if (known !== undefined) return known;
    const fresh = names.fresh(scope.prefix + name);
    scope.values.set(name, fresh);
    return fresh;
  }
}

/** Exported models nest modules, a dozen deep at most; the bound keeps the expansion off the stack's end. */
const maxCallDepth = 100;

interface Scope {
  /** Names of the body to names of the resulting graph. */
  readonly values: Map<string, string>;
  readonly attributes: ReadonlyMap<string, Attribute>;
  readonly prefix: string;
}

const rootScope: Scope = { values: new Map(), attributes: new Map(), prefix: '' };

function functionTable(
  functions: readonly FunctionDefinition[],
  source: string,
): ReadonlyMap<string, FunctionDefinition> {
  const table = new Map<string, FunctionDefinition>();
  for (const definition of functions) {
    const key = functionKey(definition.domain, definition.name, definition.overload);
    if (definition.domain === '') {
      // The specification leaves it to the runtime which one is called, so a scan could judge another model than is served.
      throw new ScanError('model-malformed', `${source}: function ${definition.name} redefines a standard operator`);
    }
    if (table.has(key)) throw new ScanError('model-malformed', `${source}: function ${key} is defined twice`);
    table.set(key, definition);
  }
  return table;
}

function functionKey(domain: string, name: string, overload: string): string {
  return overload ? `${domain}::${name}::${overload}` : `${domain}::${name}`;
}

function mergedOpsets(
  opsets: ReadonlyMap<string, number>,
  functions: readonly FunctionDefinition[],
  source: string,
): ReadonlyMap<string, number> {
  const merged = new Map(opsets);
  for (const definition of functions) {
    for (const [domain, version] of definition.opsets) {
      const present = merged.get(domain);
      if (present !== undefined && present !== version) {
        throw new ScanError(
          'model-unsupported-op',
          `${source}: function ${definition.name} is written for operator set ${version} of domain '${domain || 'ai.onnx'}', ` +
            `the model for ${present}. Inline it with onnx.inliner.inline_local_functions(model, convert_version=True)`,
        );
      }
      merged.set(domain, version);
    }
  }
  return merged;
}

function identity(from: string, to: string): Node {
  return { name: '', op: 'Identity', domain: '', inputs: [from], outputs: [to], attributes: new Map() };
}

function label(node: Node): string {
  return node.name || (node.outputs.find((name) => name !== '') ?? node.op);
}
