import type { Architecture } from '../architecture.js';
import { timmConvNext, type ConvNextSize } from './convnext.js';
import { timmDenseNet, type DenseNetSize } from './densenet.js';
import { timmMobile } from './mobile/index.js';
import { mobileNetworks } from './mobile/networks.js';
import { timmRegnet, type RegnetSize } from './regnet.js';
import { timmResnet, type ResnetSize } from './resnet.js';
import { timmSwin, type SwinSize } from './swin.js';
import { timmVgg, type VggSize } from './vgg.js';
import { timmVit, type VitSize } from './vit.js';

/** The sizes of Vision Transformers. */
const tiny = { width: 192, depth: 12, heads: 3 };
const small = { width: 384, depth: 12, heads: 6 };
const medium = { width: 512, depth: 12, heads: 8 };
const base = { width: 768, depth: 12, heads: 12 };
const large = { width: 1024, depth: 24, heads: 16 };

const vits: Readonly<Record<string, VitSize>> = {
  vit_tiny_patch16_224: { ...tiny, patch: 16 },
  vit_tiny_patch16_384: { ...tiny, patch: 16 },
  vit_small_patch16_224: { ...small, patch: 16 },
  vit_small_patch16_384: { ...small, patch: 16 },
  vit_small_patch32_224: { ...small, patch: 32 },
  vit_small_patch32_384: { ...small, patch: 32 },
  vit_base_patch8_224: { ...base, patch: 8 },
  vit_base_patch16_224: { ...base, patch: 16 },
  vit_base_patch16_384: { ...base, patch: 16 },
  vit_base_patch32_224: { ...base, patch: 32 },
  vit_base_patch32_384: { ...base, patch: 32 },
  vit_large_patch16_224: { ...large, patch: 16 },
  vit_large_patch16_384: { ...large, patch: 16 },
  vit_large_patch32_384: { ...large, patch: 32 },
  deit_tiny_patch16_224: { ...tiny, patch: 16 },
  deit_small_patch16_224: { ...small, patch: 16 },
  deit_base_patch16_224: { ...base, patch: 16 },
  deit_base_patch16_384: { ...base, patch: 16 },
  deit_tiny_distilled_patch16_224: { ...tiny, patch: 16, distilled: true },
  deit_small_distilled_patch16_224: { ...small, patch: 16, distilled: true },
  deit_base_distilled_patch16_224: { ...base, patch: 16, distilled: true },
  deit_base_distilled_patch16_384: { ...base, patch: 16, distilled: true },
  deit3_small_patch16_224: { ...small, patch: 16, third: true },
  deit3_small_patch16_384: { ...small, patch: 16, third: true },
  deit3_medium_patch16_224: { ...medium, patch: 16, third: true },
  deit3_base_patch16_224: { ...base, patch: 16, third: true },
  deit3_base_patch16_384: { ...base, patch: 16, third: true },
  deit3_large_patch16_224: { ...large, patch: 16, third: true },
  deit3_large_patch16_384: { ...large, patch: 16, third: true },
};

const convNexts: Readonly<Record<string, ConvNextSize>> = {
  convnext_atto: { depths: [2, 2, 6, 2], dims: [40, 80, 160, 320], pointwise: true },
  convnext_femto: { depths: [2, 2, 6, 2], dims: [48, 96, 192, 384], pointwise: true },
  convnext_pico: { depths: [2, 2, 6, 2], dims: [64, 128, 256, 512], pointwise: true },
  convnext_nano: { depths: [2, 2, 8, 2], dims: [80, 160, 320, 640], pointwise: true },
  convnext_tiny: { depths: [3, 3, 9, 3], dims: [96, 192, 384, 768] },
  convnext_small: { depths: [3, 3, 27, 3], dims: [96, 192, 384, 768] },
  convnext_base: { depths: [3, 3, 27, 3], dims: [128, 256, 512, 1024] },
  convnext_large: { depths: [3, 3, 27, 3], dims: [192, 384, 768, 1536] },
  convnext_xlarge: { depths: [3, 3, 27, 3], dims: [256, 512, 1024, 2048] },
  convnextv2_tiny: { depths: [3, 3, 9, 3], dims: [96, 192, 384, 768], second: true },
  convnextv2_small: { depths: [3, 3, 27, 3], dims: [96, 192, 384, 768], second: true },
  convnextv2_base: { depths: [3, 3, 27, 3], dims: [128, 256, 512, 1024], second: true },
  convnextv2_large: { depths: [3, 3, 27, 3], dims: [192, 384, 768, 1536], second: true },
  convnextv2_huge: { depths: [3, 3, 27, 3], dims: [352, 704, 1408, 2816], second: true },
};

/** By kind and number; computed by timm from the slopes of the paper. */
const regnets: Readonly<Record<'x' | 'y', Readonly<Record<string, RegnetSize>>>> = {
  x: {
    '002': { widths: [24, 56, 152, 368], depths: [1, 1, 4, 7], group: 8 },
    '004': { widths: [32, 64, 160, 384], depths: [1, 2, 7, 12], group: 16 },
    '006': { widths: [48, 96, 240, 528], depths: [1, 3, 5, 7], group: 24 },
    '008': { widths: [64, 128, 288, 672], depths: [1, 3, 7, 5], group: 16 },
    '016': { widths: [72, 168, 408, 912], depths: [2, 4, 10, 2], group: 24 },
    '032': { widths: [96, 192, 432, 1008], depths: [2, 6, 15, 2], group: 48 },
    '040': { widths: [80, 240, 560, 1360], depths: [2, 5, 14, 2], group: 40 },
    '064': { widths: [168, 392, 784, 1624], depths: [2, 4, 10, 1], group: 56 },
    '080': { widths: [80, 240, 720, 1920], depths: [2, 5, 15, 1], group: 80 },
    '120': { widths: [224, 448, 896, 2240], depths: [2, 5, 11, 1], group: 112 },
    '160': { widths: [256, 512, 896, 2048], depths: [2, 6, 13, 1], group: 128 },
    '320': { widths: [336, 672, 1344, 2520], depths: [2, 7, 13, 1], group: 168 },
  },
  y: {
    '002': { widths: [24, 56, 152, 368], depths: [1, 1, 4, 7], group: 8 },
    '004': { widths: [48, 104, 208, 440], depths: [1, 3, 6, 6], group: 8 },
    '006': { widths: [48, 112, 256, 608], depths: [1, 3, 7, 4], group: 16 },
    '008': { widths: [64, 128, 320, 768], depths: [1, 3, 8, 2], group: 16 },
    '016': { widths: [48, 120, 336, 888], depths: [2, 6, 17, 2], group: 24 },
    '032': { widths: [72, 216, 576, 1512], depths: [2, 5, 13, 1], group: 24 },
    '040': { widths: [128, 192, 512, 1088], depths: [2, 6, 12, 2], group: 64 },
    '064': { widths: [144, 288, 576, 1296], depths: [2, 7, 14, 2], group: 72 },
    '080': { widths: [168, 448, 896, 2016], depths: [2, 4, 10, 1], group: 56 },
    '120': { widths: [224, 448, 896, 2240], depths: [2, 5, 11, 1], group: 112 },
    '160': { widths: [224, 448, 1232, 3024], depths: [2, 4, 11, 1], group: 112 },
    '320': { widths: [232, 696, 1392, 3712], depths: [2, 5, 12, 1], group: 232 },
  },
};

/** The blocks of ResNets, and the stems and shortcuts that a letter behind their number stands for. */
const blocks = {
  10: { kind: 'basic', layers: [1, 1, 1, 1] },
  14: { kind: 'bottleneck', layers: [1, 1, 1, 1] },
  18: { kind: 'basic', layers: [2, 2, 2, 2] },
  26: { kind: 'bottleneck', layers: [2, 2, 2, 2] },
  34: { kind: 'basic', layers: [3, 4, 6, 3] },
  50: { kind: 'bottleneck', layers: [3, 4, 6, 3] },
  101: { kind: 'bottleneck', layers: [3, 4, 23, 3] },
  152: { kind: 'bottleneck', layers: [3, 8, 36, 3] },
  200: { kind: 'bottleneck', layers: [3, 24, 36, 3] },
} as const;
const variants = {
  c: { stem: 'deep', stemWidth: 32 },
  d: { stem: 'deep', stemWidth: 32, averages: true },
  s: { stem: 'deep', stemWidth: 64 },
  t: { stem: 'tiered', stemWidth: 32, averages: true },
} as const;

const resnets: Readonly<Record<string, ResnetSize>> = {
  resnet10t: { ...blocks[10], ...variants.t },
  resnet14t: { ...blocks[14], ...variants.t },
  resnet18: blocks[18],
  resnet18d: { ...blocks[18], ...variants.d },
  resnet26: blocks[26],
  resnet26d: { ...blocks[26], ...variants.d },
  resnet26t: { ...blocks[26], ...variants.t },
  resnet34: blocks[34],
  resnet34d: { ...blocks[34], ...variants.d },
  resnet50: blocks[50],
  resnet50c: { ...blocks[50], ...variants.c },
  resnet50d: { ...blocks[50], ...variants.d },
  resnet50s: { ...blocks[50], ...variants.s },
  resnet50t: { ...blocks[50], ...variants.t },
  resnet101: blocks[101],
  resnet101c: { ...blocks[101], ...variants.c },
  resnet101d: { ...blocks[101], ...variants.d },
  resnet101s: { ...blocks[101], ...variants.s },
  resnet152: blocks[152],
  resnet152c: { ...blocks[152], ...variants.c },
  resnet152d: { ...blocks[152], ...variants.d },
  resnet152s: { ...blocks[152], ...variants.s },
  resnet200: blocks[200],
  resnet200d: { ...blocks[200], ...variants.d },
  resnext50_32x4d: { ...blocks[50], groups: 32, base: 4 },
  resnext50d_32x4d: { ...blocks[50], ...variants.d, groups: 32, base: 4 },
  resnext101_32x4d: { ...blocks[101], groups: 32, base: 4 },
  resnext101_32x8d: { ...blocks[101], groups: 32, base: 8 },
  resnext101_32x16d: { ...blocks[101], groups: 32, base: 16 },
  resnext101_32x32d: { ...blocks[101], groups: 32, base: 32 },
  resnext101_64x4d: { ...blocks[101], groups: 64, base: 4 },
  wide_resnet50_2: { ...blocks[50], base: 128 },
  wide_resnet101_2: { ...blocks[101], base: 128 },
};

const swinTiny = { width: 96, depths: [2, 2, 6, 2], heads: [3, 6, 12, 24] };
const swinSmall = { width: 96, depths: [2, 2, 18, 2], heads: [3, 6, 12, 24] };
const swinBase = { width: 128, depths: [2, 2, 18, 2], heads: [4, 8, 16, 32] };
const swinLarge = { width: 192, depths: [2, 2, 18, 2], heads: [6, 12, 24, 48] };

const swins: Readonly<Record<string, SwinSize>> = {
  swin_tiny_patch4_window7_224: { ...swinTiny, windows: [7, 7, 7, 7] },
  swin_small_patch4_window7_224: { ...swinSmall, windows: [7, 7, 7, 7] },
  swin_base_patch4_window7_224: { ...swinBase, windows: [7, 7, 7, 7] },
  swin_base_patch4_window12_384: { ...swinBase, windows: [12, 12, 12, 12] },
  swin_large_patch4_window7_224: { ...swinLarge, windows: [7, 7, 7, 7] },
  swin_large_patch4_window12_384: { ...swinLarge, windows: [12, 12, 12, 12] },
  swin_s3_tiny_224: { ...swinTiny, windows: [7, 7, 14, 7] },
  swin_s3_small_224: { ...swinSmall, windows: [14, 14, 14, 7] },
  swin_s3_base_224: { ...swinSmall, depths: [2, 2, 30, 2], windows: [7, 7, 14, 7] },
};

const denseNets: Readonly<Record<string, DenseNetSize>> = {
  densenet121: { growth: 32, blocks: [6, 12, 24, 16] },
  densenet161: { growth: 48, blocks: [6, 12, 36, 24] },
  densenet169: { growth: 32, blocks: [6, 12, 32, 32] },
  densenet201: { growth: 32, blocks: [6, 12, 48, 32] },
};

const vggs: Readonly<Record<string, VggSize['depths']>> = {
  vgg11: [1, 1, 2, 2, 2],
  vgg13: [2, 2, 2, 2, 2],
  vgg16: [2, 2, 3, 3, 3],
  vgg19: [2, 2, 4, 4, 4],
};

/** By timm's names, without the tag of the weights. */
export const timm: ReadonlyMap<string, Architecture> = new Map<string, Architecture>([
  ...Object.entries(resnets).map(([name, size]) => [name, timmResnet(size)] as const),
  ...Object.entries(denseNets).map(([name, size]) => [name, timmDenseNet(size)] as const),
  ...Object.entries(vggs).flatMap(([name, depths]): [string, Architecture][] => [
    [name, timmVgg({ depths, norm: false })],
    [`${name}_bn`, timmVgg({ depths, norm: true })],
  ]),
  ...Object.entries(vits).map(([name, size]) => [name, timmVit(size)] as const),
  ...Object.entries(swins).map(([name, size]) => [name, timmSwin(size)] as const),
  ...Object.entries(convNexts).map(([name, size]) => [name, timmConvNext(size)] as const),
  ...Object.entries(regnets.x).map(([name, size]) => [`regnetx_${name}`, timmRegnet('x', size)] as const),
  ...Object.entries(regnets.y).map(([name, size]) => [`regnety_${name}`, timmRegnet('y', size)] as const),
  ...Array.from(mobileNetworks, ([name, network]) => [name, timmMobile(network)] as const),
]);
