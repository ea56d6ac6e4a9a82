import { add, div, mean, mul, pow, prelu, sub, sum } from './arithmetic.js';
import { attention } from './attention.js';
import { averagePool, globalAveragePool } from './average-pool.js';
import { centerCropPad } from './center-crop-pad.js';
import { clip } from './clip.js';
import { concat, split } from './concat.js';
import { col2im } from './col2im.js';
import { conv } from './conv.js';
import { convTranspose } from './conv-transpose.js';
import { cumulativeSum } from './cumulative-sum.js';
import { depthToSpace, spaceToDepth } from './depth-to-space.js';
import { einsum } from './einsum.js';
import { extremum } from './extremum.js';
import { compress, gather, gatherElements, gatherND, reverseSequence } from './gather.js';
import { globalMaxPool } from './global-max-pool.js';
import { reshape, transpose } from './layout.js';
import { globalLpPool, lpPool } from './lp-pool.js';
import { lrn } from './lrn.js';
import { gemm, matmul } from './matmul.js';
import { maxPool } from './max-pool.js';
import { mod } from './mod.js';
import {
  batchNormalization,
  groupNormalization,
  instanceNormalization,
  layerNormalization,
  lpNormalization,
  meanVarianceNormalization,
  rmsNormalization,
} from './normalization.js';
import { pad } from './pad.js';
import { dequantizeLinear, dynamicQuantizeLinear, quantizeLinear } from './quantize.js';
import {
  reduceExtremum,
  reduceL1,
  reduceL2,
  reduceLogSum,
  reduceLogSumExp,
  reduceMean,
  reduceProd,
  reduceSum,
  reduceSumSquare,
} from './reduce.js';
import { relu } from './relu.js';
import { resize } from './resize.js';
import type { BackwardTable } from './rule.js';
import { scatterElements, scatterND } from './scatter.js';
import { castLike, expand, passThrough, slice, where } from './select.js';
import { logSoftmax, softmax } from './softmax.js';
import { tile } from './tile.js';
import { topK } from './top-k.js';
import { trilu } from './trilu.js';
import { unary } from './unary.js';

/** The ordinary derivative of every op that has one. Ops of other domains are named `domain.Op`. */
export const backward: BackwardTable = {
  ...unary,
  Add: add,
  Attention: attention,
  AveragePool: averagePool,
  BatchNormalization: batchNormalization,
  Cast: passThrough,
  CastLike: castLike,
  CenterCropPad: centerCropPad,
  Clip: clip,
  Col2Im: col2im,
  Compress: compress,
  Concat: concat,
  Conv: conv,
  ConvTranspose: convTranspose,
  CumSum: cumulativeSum,
  DequantizeLinear: dequantizeLinear,
  DepthToSpace: depthToSpace,
  Div: div,
  DynamicQuantizeLinear: dynamicQuantizeLinear,
  Dropout: passThrough,
  Einsum: einsum,
  Expand: expand,
  Flatten: reshape,
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  Gemm: gemm,
  GlobalAveragePool: globalAveragePool,
  GlobalLpPool: globalLpPool,
  GlobalMaxPool: globalMaxPool,
  GroupNormalization: groupNormalization,
  Identity: passThrough,
  InstanceNormalization: instanceNormalization,
  LayerNormalization: layerNormalization,
  LogSoftmax: logSoftmax,
  LpNormalization: lpNormalization,
  LpPool: lpPool,
  LRN: lrn,
  MatMul: matmul,
  Max: extremum,
  MaxPool: maxPool,
  Mean: mean,
  MeanVarianceNormalization: meanVarianceNormalization,
  Min: extremum,
  Mod: mod,
  Mul: mul,
  Pad: pad,
  Pow: pow,
  PRelu: prelu,
  QuantizeLinear: quantizeLinear,
  ReduceL1: reduceL1,
  ReduceL2: reduceL2,
  ReduceLogSum: reduceLogSum,
  ReduceLogSumExp: reduceLogSumExp,
  ReduceMax: reduceExtremum,
  ReduceMean: reduceMean,
  ReduceMin: reduceExtremum,
  ReduceProd: reduceProd,
  ReduceSum: reduceSum,
  ReduceSumSquare: reduceSumSquare,
  Relu: relu,
  Reshape: reshape,
  Resize: resize,
  ReverseSequence: reverseSequence,
  RMSNormalization: rmsNormalization,
  ScatterElements: scatterElements,
  ScatterND: scatterND,
  Slice: slice,
  Softmax: softmax,
  SpaceToDepth: spaceToDepth,
  Split: split,
  Squeeze: reshape,
  Sub: sub,
  Sum: sum,
  Tile: tile,
  TopK: topK,
  Transpose: transpose,
  Trilu: trilu,
  Unsqueeze: reshape,
  Where: where,
};
