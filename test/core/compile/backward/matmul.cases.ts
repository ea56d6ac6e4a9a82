import { bool } from '../../../../core/onnx/tensor.js';
import { none, one, same, value, w, x, type GradientCase, type Operand } from '../../../support/gradient-case.js';

const rows: readonly (readonly [detail: string, a: Operand, b: Operand])[] = [
  ['matrices', x('N', 3), w(3, 4)],
  ['matrices, second depends on the image', w(4, 'N'), x('N', 3)],
  ['both depend on the image', x('N', 3), x(3, 2)],
  ['a batch of matrices, one weight', x('N', 2, 3), w(3, 4)],
  ['two batch axes, one weight', x('N', 2, 3, 4), w(4, 2)],
  ['a weight from the left', w(4, 3), x('N', 3, 2)],
  ['batched, both depend on the image', x('N', 2, 3), x('N', 3, 2)],
  ['heads, both depend on the image', x('N', 2, 4, 3), x('N', 2, 3, 4)],
  ['the first stretches', x('N', 1, 2, 3), w(4, 3, 2)],
  ['the second stretches', w('N', 4, 2, 3), x(1, 3, 2)],
  ['both stretch', x('N', 1, 2, 3), x(4, 3, 2)],
  ['the first has fewer axes', x(2, 3), w('N', 2, 3, 4)],
  ['a vector times a matrix', x(3), w(3, 4)],
  ['a vector times matrices', x(3), x('N', 3, 4)],
  ['a matrix times a vector', x('N', 3), w(3)],
  ['matrices times a vector', x('N', 2, 3), x(3)],
  ['two vectors', x(3), x(3)],
  ['one row', x('N', 1, 3), w(3, 2)],
  ['one column', x('N', 3), w(3, 1)],
];

const gemms = [0, 1].flatMap((transA) =>
  [0, 1].flatMap((transB) => {
    const a = transA ? (['N', 3] as const).toReversed() : (['N', 3] as const);
    const b = transB ? [4, 3] : [3, 4];
    const name = `transA ${transA}, transB ${transB}`;
    return [
      one('Gemm', `${name}, first`, [x(...a), w(...b), w(4)], { transA, transB }),
      one('Gemm', `${name}, alpha and beta, all depend on the image`, [x(...a), x(...b), x('N', 4)], {
        transA,
        transB,
        alpha: { float: 0.5 },
        beta: { float: -2 },
      }),
      one('Gemm', `${name}, second`, [w(...a), x(...b)], { transA, transB }),
    ];
  }),
);

const attentions = [
  one('Attention', 'heads apart', [x('N', 2, 4, 3), x('N', 2, 5, 3), x('N', 2, 5, 2)], {}, { opset: 23 }),
  one(
    'Attention',
    'heads together',
    [x('N', 4, 6), x('N', 5, 6), x('N', 5, 4)],
    { q_num_heads: 2, kv_num_heads: 2 },
    { opset: 23 },
  ),
  one(
    'Attention',
    'scale, causal',
    [x('N', 2, 4, 3), x('N', 2, 4, 3), x('N', 2, 4, 3)],
    { scale: { float: 0.7 }, is_causal: 1 },
    { opset: 23 },
  ),
  one('Attention', 'a mask to add', [x('N', 2, 3, 2), x('N', 2, 3, 2), x('N', 2, 3, 2), w(3, 3)], {}, { opset: 23 }),
  one(
    'Attention',
    'a mask of who takes part',
    [x('N', 2, 2, 2), x('N', 2, 3, 2), x('N', 2, 3, 2), value(bool([2, 3], [1, 0, 1, 1, 1, 0]))],
    {},
    { opset: 23 },
  ),
  one('Attention', 'the same three times', [x('N', 2, 3, 2), same(0), same(0)], {}, { opset: 23 }),
];

export const matmulCases: readonly GradientCase[] = [
  ...rows.map(([detail, a, b]) => one('MatMul', detail, [a, b])),
  one('MatMul', 'the same twice', [x(3, 3), same(0)]),
  ...gemms,
  one('Gemm', 'C of one row depends on the image', [w('N', 3), w(3, 4), x(1, 4)]),
  one('Gemm', 'C of one column depends on the image', [w('N', 3), w(3, 4), x('N', 1)]),
  one('Gemm', 'C is a scalar that depends on the image', [w('N', 3), w(3, 4), x()], { beta: { float: 3 } }),
  one('Gemm', 'no C', [x('N', 3), w(3, 4), none]),

  ...attentions,

  one('Einsum', 'matrix product', [x('N', 3), x(3, 2)], { equation: 'ij,jk->ik' }),
  one('Einsum', 'attention scores', [x('N', 2, 4, 3), x('N', 2, 5, 3)], { equation: 'bhid,bhjd->bhij' }),
  one('Einsum', 'a letter in one operand alone', [x('N', 3, 4), x('N', 2)], { equation: 'bij,bk->bik' }),
  one('Einsum', 'implicit output, alphabetic', [x('N', 3), w(3, 2)], { equation: 'ba,ac' }),
  one('Einsum', 'spaces', [x('N', 3), w(3, 2)], { equation: ' i j , j k -> k i ' }),
  one('Einsum', 'ellipsis', [x('N', 2, 3), w(3, 4)], { equation: '...i,ij->...j' }),
  one('Einsum', 'ellipsis in one operand', [x('N', 2, 3), w(3)], { equation: '...i,i->...' }),
  one('Einsum', 'one operand transposed', [x('N', 2, 3)], { equation: 'bij->bji' }),
  one('Einsum', 'one operand summed', [x('N', 2, 3)], { equation: 'bij->b' }),
  one('Einsum', 'one operand summed to a scalar', [x('N', 2)], { equation: 'ij->' }),
  one('Einsum', 'outer product', [x(3), x(4)], { equation: 'i,j->ij' }),
  one('Einsum', 'three operands', [x('N', 2), w(2, 3), x(3, 4)], { equation: 'ij,jk,kl->il' }),
  one('Einsum', 'the diagonal', [x('N', 3, 3)], { equation: 'bii->bi' }),
  one('Einsum', 'the trace', [x('N', 3, 3)], { equation: 'bii->b' }),
  one('Einsum', 'capital letters', [x('N', 3), w(3, 2)], { equation: 'Ab,bC->CA' }),
  one('Einsum', 'a size of 1 that broadcasts', [x('N', 1, 3), x('N', 4, 3)], { equation: 'bij,bij->bi' }),
];
