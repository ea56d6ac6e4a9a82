import { float32, ints } from '../../../../core/onnx/tensor.js';
import { none, one, value, x, type AttributeValue, type GradientCase } from '../../../support/gradient-case.js';

type Attributes = Readonly<Record<string, AttributeValue>>;

const byScales = (
  detail: string,
  dims: readonly number[],
  scales: readonly number[],
  attributes: Attributes = {},
): GradientCase => one('Resize', detail, [x('N', ...dims), none, value(float32([scales.length], scales))], attributes);

const bySizes = (
  detail: string,
  dims: readonly number[],
  sizes: readonly number[],
  attributes: Attributes = {},
): GradientCase =>
  one('Resize', detail, [x('N', ...dims), none, none, value(ints(...sizes))], {
    axes: sizes.map((_, i) => i - sizes.length),
    ...attributes,
  });

const transformations = ['half_pixel', 'pytorch_half_pixel', 'align_corners', 'asymmetric', 'half_pixel_symmetric'];
const roundings = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'];

export const resizeCases: readonly GradientCase[] = [
  ...transformations.flatMap((coordinate_transformation_mode) => [
    ...roundings.flatMap((nearest_mode) => [
      byScales(
        `nearest, ${coordinate_transformation_mode}, ${nearest_mode}, x 2 and x 1.5`,
        [2, 3, 4],
        [1, 1, 2, 1.5],
        { coordinate_transformation_mode, nearest_mode },
      ),
      bySizes(`nearest, ${coordinate_transformation_mode}, ${nearest_mode}, down`, [2, 7, 6], [3, 4], {
        coordinate_transformation_mode,
        nearest_mode,
      }),
    ]),
    ...['linear', 'cubic'].flatMap((mode) => [
      byScales(`${mode}, ${coordinate_transformation_mode}, x 2`, [2, 3, 4], [1, 1, 2, 2], {
        mode,
        coordinate_transformation_mode,
      }),
      byScales(`${mode}, ${coordinate_transformation_mode}, x 1.7 and 2.6`, [2, 5, 4], [1, 1, 1.7, 2.6], {
        mode,
        coordinate_transformation_mode,
      }),
      bySizes(`${mode}, ${coordinate_transformation_mode}, down`, [2, 7, 6], [3, 4], {
        mode,
        coordinate_transformation_mode,
      }),
      bySizes(`${mode}, ${coordinate_transformation_mode}, to one pixel`, [2, 4, 5], [1, 1], {
        mode,
        coordinate_transformation_mode,
      }),
    ]),
  ]),
  byScales('nearest, integer scale, asymmetric, floor', [2, 3, 2], [1, 1, 2, 3], {
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  }),
  byScales('nearest, integer scale 3', [2, 3, 2], [1, 1, 3, 3]),
  byScales('one axis', [2, 3, 4], [1, 1, 1, 2], { mode: 'linear' }),
  byScales('1-D linear', [2, 5], [1, 1, 1.6], { mode: 'linear' }),
  byScales('3-D linear', [1, 2, 3, 2], [1, 1, 2, 1.5, 2], { mode: 'linear' }),
  bySizes('the size it has', [2, 3, 4], [3, 4], { mode: 'linear' }),
  bySizes('sizes of all axes', [2, 3, 4], [2, 6, 6], { mode: 'linear' }),
  byScales('cubic_coeff_a', [2, 4, 5], [1, 1, 2, 1.5], { mode: 'cubic', cubic_coeff_a: { float: -0.5 } }),
  byScales('cubic, exclude_outside', [2, 4, 5], [1, 1, 2, 1.5], { mode: 'cubic', exclude_outside: 1 }),
  bySizes('linear, antialias, down', [2, 8, 7], [3, 4], { mode: 'linear', antialias: 1 }),
  bySizes('linear, antialias, up', [2, 3, 4], [6, 9], { mode: 'linear', antialias: 1 }),
  bySizes('cubic, antialias, down', [2, 9, 8], [3, 4], { mode: 'cubic', antialias: 1 }),
  one('Resize', 'opset 10', [x('N', 2, 3, 4), value(float32([4], [1, 1, 2, 1.5]))], { mode: 'linear' }, { opset: 10 }),
  one(
    'Resize',
    'opset 11 with an empty roi',
    [x('N', 2, 3, 4), value(float32([0], [])), value(float32([4], [1, 1, 2, 2]))],
    { mode: 'linear', coordinate_transformation_mode: 'align_corners' },
    { opset: 11 },
  ),
  one('Upsample', 'opset 9, nearest', [x('N', 2, 3, 4), value(float32([4], [1, 1, 2, 2]))], {}, { opset: 9 }),
  one(
    'Upsample',
    'opset 9, linear',
    [x('N', 2, 3, 4), value(float32([4], [1, 1, 2, 2]))],
    { mode: 'linear' },
    { opset: 9 },
  ),
  one('Upsample', 'opset 7, attribute', [x('N', 2, 3, 4)], { scales: { floats: [1, 1, 2, 2] } }, { opset: 7 }),
];
