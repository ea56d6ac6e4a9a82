import type { Graph } from './graph.js';
import { ScanError } from '../scan/errors.js';

/** Which value of the flat graph a name stands for, inside one graph or branch. */
export interface Scope {
  /** A name that nothing declares stands for itself. */
  resolve(name: string): string;
  /** Gives a new value of this scope a name that is free in the flat graph. */
  declare(name: string): string;
  /** A name that is free in the flat graph and stands for itself. */
  fresh(hint: string): string;
  /** Makes a new name stand for an existing value. */
  alias(name: string, value: string): void;
  /** Scope of a branch: sees this one's names, keeps its own to itself. */
  child(prefix: string): Scope;
}

/** The outermost scope, in which every value keeps its name. */
export function newScope(graph: Graph): Scope {
  const given = [...graph.inputs.map((input) => input.name), ...graph.initializers.keys()];
  const taken = new Set(given);
  for (const node of graph.nodes) for (const output of node.outputs) taken.add(output);
  return nested(undefined, '', taken, given);
}

function nested(parent: Scope | undefined, prefix: string, taken: Set<string>, given: readonly string[] = []): Scope {
  const values = new Map(given.map((name) => [name, name]));
  const bind = (name: string, value: string) => {
    if (values.has(name)) {
      throw new ScanError('model-malformed', `the model computes the value "${name}" twice; export it again`);
    }
    values.set(name, value);
  };
  const fresh = (hint: string) => {
    let unique = hint;
    for (let n = 2; taken.has(unique); n++) unique = `${hint}#${n}`;
    taken.add(unique);
    return unique;
  };
  const scope: Scope = {
    fresh,
    resolve: (name) => values.get(name) ?? parent?.resolve(name) ?? name,
    declare(name) {
      const unique = parent === undefined ? name : fresh(`${prefix}.${name}`);
      bind(name, unique);
      return unique;
    },
    alias: bind,
    child: (inner) => nested(scope, prefix === '' ? inner : `${prefix}.${inner}`, taken),
  };
  return scope;
}
