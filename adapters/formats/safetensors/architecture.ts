import type { Dim, Graph } from '../../../core/onnx/graph.js';
import type { Bounds, Config } from './config.js';
import type { Net } from './net.js';

/** Builds the graph of one architecture from its config; every tensor it names is checked against the file's. */
export type Architecture = (config: Config, start: Start) => Graph;

/**
 * @param size of the image: [channels, height, width].
 * @param prefix what the names of tensors may begin with besides what the network calls them.
 */
export type Start = (size: readonly [number, Dim, Dim], prefix?: string) => Net;

/** Bounds of what configs say; far above all published models. A config is not trusted. */
export const bounds = {
  channels: { max: 64, fallback: 3 },
  width: { max: 65_536 },
  image: { max: 4096, fallback: 224 },
  patch: { max: 1024 },
  /** Each layer has tensors of its own, which have to be there: a file bounds this further. */
  layers: { max: 1000 },
  heads: { max: 1024 },
} satisfies Record<string, Bounds>;

/** How many classes Transformers takes from a config. */
export function classesOf(config: Config): number {
  const labels = config.raw('id2label');
  if (typeof labels === 'object' && labels !== null) {
    const count = Object.keys(labels).length;
    if (count > 0) return count;
  }
  return config.int('num_labels', { max: 1_000_000, fallback: 2 });
}
