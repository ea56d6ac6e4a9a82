import type { Tensor } from '../../../core/onnx/graph.js';

/** Which variable of which layer is asked for. */
export interface Variable {
  /** Names of the layer and of the models it lies in, the outermost nested one first; then a part of the layer, if any. */
  readonly layers: readonly string[];
  /** Where Keras 3 stores the variables of this layer: `layers/functional/layers/conv2d_1`. */
  readonly store: string;
  /** `kernel`, `bias`, `gamma`, ... */
  readonly name: string;
  /** Which one it is of the layer's variables, in the order in which Keras makes them. */
  readonly index: number;
}

/** The weights of a model, wherever they lie. */
export interface KerasWeights {
  /** float32, row-major, in Keras' layout. Undefined where there is no such variable. */
  read(variable: Variable): Tensor | undefined;
}

/**
 * Weights with names as Keras 2, the legacy HDF5 layout and TensorFlow.js write them: `conv/kernel`, `conv/kernel:0`,
 * `model/conv/kernel`. A variable is the one whose name ends in layer and variable; names of enclosing models, where they
 * are written, decide between several.
 */
export function namedWeights(weights: ReadonlyMap<string, () => Tensor>): KerasWeights {
  const byEnd = new Map<string, { readonly path: string; readonly read: () => Tensor }[]>();
  for (const [name, read] of weights) {
    const path = name.replace(/:\d+$/, '');
    const end = path.slice(path.lastIndexOf('/') + 1);
    const same = byEnd.get(end);
    if (same) same.push({ path, read });
    else byEnd.set(end, [{ path, read }]);
  }
  return {
    read: ({ layers, name }) => {
      let candidates = byEnd.get(name) ?? [];
      // From the layer itself outwards, as long as a name leaves something.
      for (let depth = 1; depth <= layers.length; depth++) {
        const end = `/${[...layers.slice(-depth), name].join('/')}`;
        const left = candidates.filter(({ path }) => `/${path}`.endsWith(end));
        if (left.length > 0) candidates = left;
        else if (depth === 1) return undefined;
        else break;
      }
      const shortest = Math.min(...candidates.map(({ path }) => path.length));
      const chosen = candidates.filter(({ path }) => path.length === shortest);
      return chosen.length === 1 ? chosen[0]!.read() : undefined;
    },
  };
}
