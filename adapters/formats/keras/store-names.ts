import type { KerasLayer } from './model.js';

/**
 * Where Keras 3 stores the variables of a model's layers: `layers/` and the class in snake case, numbered where several are of
 * one class (`conv2d`, `conv2d_1`), in the order of the config. (keras/src/saving/saving_lib.py, `_save_container_state`)
 */
export function storeNames(layers: readonly KerasLayer[]): Map<KerasLayer, string> {
  const used = new Map<string, number>();
  return new Map(
    layers.map((layer) => {
      if (layer.isOperation) return [layer, ''];
      const base = snakeCase(layer.className === 'Model' ? 'Functional' : layer.className);
      const count = used.get(base) ?? 0;
      used.set(base, count + 1);
      return [layer, `layers/${count === 0 ? base : `${base}_${count}`}`];
    }),
  );
}

/** keras/src/utils/naming.py, `to_snake_case`. */
function snakeCase(name: string): string {
  return name
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
