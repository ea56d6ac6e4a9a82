import type { Architecture } from '../architecture.js';
import { timmConvNext, type ConvNextSize } from './convnext.js';
import { timmMobile } from './mobile/index.js';
import { mobileNetworks } from './mobile/networks.js';
import { timmRegnet, type RegnetSize } from './regnet.js';
import { timmResnet } from './resnet.js';
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

/** By timm's names, without the tag of the weights. */
export const timm: ReadonlyMap<string, Architecture> = new Map<string, Architecture>([
  ['resnet18', timmResnet('basic', [2, 2, 2, 2])],
  ['resnet34', timmResnet('basic', [3, 4, 6, 3])],
  ['resnet26', timmResnet('bottleneck', [2, 2, 2, 2])],
  ['resnet50', timmResnet('bottleneck', [3, 4, 6, 3])],
  ['resnet101', timmResnet('bottleneck', [3, 4, 23, 3])],
  ['resnet152', timmResnet('bottleneck', [3, 8, 36, 3])],
  ...Object.entries(vits).map(([name, size]) => [name, timmVit(size)] as const),
  ...Object.entries(convNexts).map(([name, size]) => [name, timmConvNext(size)] as const),
  ...Object.entries(regnets.x).map(([name, size]) => [`regnetx_${name}`, timmRegnet('x', size)] as const),
  ...Object.entries(regnets.y).map(([name, size]) => [`regnety_${name}`, timmRegnet('y', size)] as const),
  ...Array.from(mobileNetworks, ([name, network]) => [name, timmMobile(network)] as const),
]);
