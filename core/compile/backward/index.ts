import { add, div, mean, mul, pow, prelu, sub, sum } from './arithmetic.js';
import { averagePool, globalAveragePool } from './average-pool.js';
import { clip } from './clip.js';
import { concat, split } from './concat.js';
import { conv } from './conv.js';
import { depthToSpace, spaceToDepth } from './depth-to-space.js';
import { extremum } from './extremum.js';
import { gather } from './gather.js';
import { reshape, transpose } from './layout.js';
import { gemm, matmul } from './matmul.js';
import { maxPool } from './max-pool.js';
import {
  batchNormalization,
  groupNormalization,
  instanceNormalization,
  layerNormalization,
  rmsNormalization,
} from './normalization.js';
import { pad } from './pad.js';
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
import type { BackwardTable } from './rule.js';
import { expand, passThrough, slice, where } from './select.js';
import { logSoftmax, softmax } from './softmax.js';
import { unary } from './unary.js';

/** The ordinary derivative of every op that has one. Ops of other domains are named `domain.Op`. */
export const backward: BackwardTable = {
  ...unary,
  Add: add,
  AveragePool: averagePool,
  BatchNormalization: batchNormalization,
  Cast: passThrough,
  Clip: clip,
  Concat: concat,
  Conv: conv,
  DepthToSpace: depthToSpace,
  Div: div,
  Dropout: passThrough,
  Expand: expand,
  Flatten: reshape,
  Gather: gather,
  Gemm: gemm,
  GlobalAveragePool: globalAveragePool,
  GroupNormalization: groupNormalization,
  Identity: passThrough,
  InstanceNormalization: instanceNormalization,
  LayerNormalization: layerNormalization,
  LogSoftmax: logSoftmax,
  MatMul: matmul,
  Max: extremum,
  MaxPool: maxPool,
  Mean: mean,
  Min: extremum,
  Mul: mul,
  Pad: pad,
  Pow: pow,
  PRelu: prelu,
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
  RMSNormalization: rmsNormalization,
  Slice: slice,
  Softmax: softmax,
  SpaceToDepth: spaceToDepth,
  Split: split,
  Squeeze: reshape,
  Sub: sub,
  Sum: sum,
  Transpose: transpose,
  Unsqueeze: reshape,
  Where: where,
};
