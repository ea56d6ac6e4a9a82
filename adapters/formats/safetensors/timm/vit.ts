import { bounds, type Architecture } from '../architecture.js';
import { malformed } from '../config.js';
import { token } from '../architectures/transformer.js';
import { attention } from '../attention.js';
import { timmArgs } from './args.js';
import { jointProjection } from './joint-projection.js';

/** Of a published size of timm's Vision Transformer; `model_args` may change it. */
export interface VitSize {
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  readonly patch: number;
  /** A second special token with a classifier of its own: DeiT. */
  readonly distilled?: boolean;
  /** Positions for the patches alone, and each branch is scaled by channel: DeiT III. */
  readonly third?: boolean;
}

/** Source: timm/models/vision_transformer.py */
export function timmVit(published: VitSize): Architecture {
  return (config, start) => {
    const known = ['patch_size', 'embed_dim', 'depth', 'num_heads', 'mlp_ratio'];
    const { args, classes, channels, size } = timmArgs(config, known, 'token');
    const patch = args.pair('patch_size', { ...bounds.patch, fallback: published.patch });
    const width = args.int('embed_dim', { ...bounds.width, fallback: published.width });
    const depth = args.int('depth', { ...bounds.layers, fallback: published.depth });
    const heads = args.int('num_heads', { ...bounds.heads, fallback: published.heads });
    const hidden = Math.trunc(width * args.float('mlp_ratio', 4));
    const patches = Math.floor(size[0] / patch[0]) * Math.floor(size[1] / patch[1]);
    if (width % heads !== 0) {
      throw malformed(args, `embed_dim ${width} is no multiple of num_heads ${heads}`);
    }
    if (patches < 1) throw malformed(args, 'the image is smaller than the patch_size');
    const special = published.distilled ? ['cls_token', 'dist_token'] : ['cls_token'];
    const tokens = patches + special.length;

    const net = start([channels, ...size]);
    const image = net.conv('pixel_values', 'patch_embed.proj', {
      from: channels,
      to: width,
      kernel: patch,
      stride: patch,
    });
    const flat = net.transpose(net.reshape(image, [-1, width, patches], 'patch_embed'), [0, 2, 1], 'patch_embed');
    const at = 'patch_embed';
    const located = (x: string, count: number): string =>
      net.add(x, net.weights.take('pos_embed', [1, count, width]), at);
    const first = special.map((name) => net.perImage(name, [1, width], flat, at));
    let x = published.third
      ? net.concat([...first, located(flat, patches)], 1, at)
      : located(net.concat([...first, flat], 1, at), tokens);
    for (let i = 0; i < depth; i++) {
      const path = `blocks.${i}`;
      const before = net.layerNorm(x, `${path}.norm1`, width, epsilon);
      const qkv = jointProjection(net, before, `${path}.attn`, width);
      const mixed = attention(net, qkv, `${path}.attn`, { channels: width, heads });
      const scaled = (y: string, part: string): string =>
        published.third ? net.mul(y, net.weights.take(`${path}.${part}.gamma`, [width]), `${path}.${part}`) : y;
      x = net.add(x, scaled(net.linear(mixed, `${path}.attn.proj`, width, width), 'ls1'), path);
      const after = net.layerNorm(x, `${path}.norm2`, width, epsilon);
      const inner = net.activation(net.linear(after, `${path}.mlp.fc1`, width, hidden), `${path}.mlp`, 'gelu');
      x = net.add(x, scaled(net.linear(inner, `${path}.mlp.fc2`, hidden, width), 'ls2'), path);
    }
    const normed = net.layerNorm(x, 'norm', width, epsilon);
    const [own, teachers] = special.map((_, i) => {
      return net.head(token(net, normed, i, width, 'pool'), i === 0 ? 'head' : 'head_dist', width, classes);
    }) as [string, string?];
    const logits = teachers === undefined ? own : net.scale(net.add(own, teachers, 'head'), 0.5, 'head');
    return net.finish(logits, { name: config.string('architecture'), classes, metadata: new Map() });
  };
}

const epsilon = 1e-6;
