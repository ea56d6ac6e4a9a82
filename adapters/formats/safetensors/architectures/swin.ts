import type { Architecture } from '../architecture.js';
import { malformed } from '../config.js';
import type { Net } from '../net.js';
import { swinBlock, type SwinNames } from '../swin-block.js';
import { defaultEpsilon, swinStages, type SwinKind } from './swin-stages.js';

/** Transformers' SwinForImageClassification. Source: transformers/models/swin/modeling_swin.py */
export const swin: Architecture = (config, start) => swinStages(config, start, kind);

const kind: SwinKind = {
  root: 'swin',
  epsilon: defaultEpsilon,
  masked: -100,
  blocks: (net, x, path, { config, stage, size, depth, window, qkvBias, ...settings }) => {
    if (Math.min(...size) < window) {
      throw malformed(config, `stage ${stage} has ${size.join(' x ')} tokens, less than the window_size`);
    }
    const by = Math.min(...size) > window ? Math.floor(window / 2) : 0;
    const moved = { size, window: [window, window], shift: [by, by] } as const;
    return settings.biases.placements(moved, depth, path).reduce((y, placement, i) => {
      const names = namesOf(net, `${path}.blocks.${i}`, settings.width, qkvBias);
      return swinBlock(net, y, names, placement, { ...settings, late: false });
    }, x);
  },
  reduce: (net, x, path, width) => {
    const normed = net.layerNorm(x, `${path}.norm`, 4 * width, defaultEpsilon);
    return net.linear(normed, `${path}.reduction`, 4 * width, 2 * width, false);
  },
};

function namesOf(net: Net, path: string, width: number, qkvBias: boolean): SwinNames {
  const attention = `${path}.attention.self`;
  const project = (x: string, part: string): string => net.linear(x, `${attention}.${part}`, width, width, qkvBias);
  return {
    path,
    before: `${path}.layernorm_before`,
    attention,
    project: (x) => [project(x, 'query'), project(x, 'key'), project(x, 'value')],
    output: `${path}.attention.output.dense`,
    after: `${path}.layernorm_after`,
    inner: `${path}.intermediate.dense`,
    outer: `${path}.output.dense`,
  };
}
