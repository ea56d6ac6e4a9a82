import { fusedConv, qLinearConv } from './conv.js';
import { fusedMatMul, gemm } from './matmul.js';
import { broadcastAll, sameAsFirst, table } from './math.js';
import { skipLayerNormalization } from './norm.js';
import { globalPool } from './pool.js';
import { dequantizeLinear, quantizeLinear } from './quantize.js';
import type { ShapeRule } from './call.js';

/** Contributed ops of onnxruntime that its optimizer and quantizer write into models. */
export const microsoftShapes: Readonly<Record<string, ShapeRule>> = {
  FusedConv: fusedConv,
  FusedGemm: gemm,
  FusedMatMul: fusedMatMul,
  BiasGelu: broadcastAll,
  SkipLayerNormalization: skipLayerNormalization,
  QLinearConv: qLinearConv,
  QuantizeLinear: quantizeLinear,
  DequantizeLinear: dequantizeLinear,
  ...table(['Gelu FastGelu QuickGelu QLinearLeakyRelu QLinearSigmoid QLinearSoftmax'], sameAsFirst),
  QLinearGlobalAveragePool: globalPool,
};
