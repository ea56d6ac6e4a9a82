import { imageOptions } from './images.js';
import type { Option, OptionTable } from './option.js';
import { oneOf } from './option.js';

export const explainOnlyOptions = {
  imageCount: {
    ...imageOptions.imageCount,
    description: 'How many of the images to explain, in name order.',
    defaultText: 'all of an array file, 16 of a folder',
  } satisfies Option<number | undefined>,
  classes: {
    group: 'Detection',
    description: 'Class indices to explain, e.g. 3,7.',
    kind: 'numbers',
    value: 'N,...',
    expects: 'class indices with commas between them, such as 3,7',
    flagOnly: true,
    schema: (z) => z.array(z.int().min(0)).min(1).optional(),
  } satisfies Option<number[] | undefined>,
  rule: {
    group: 'Detection',
    description: 'How gradients pass activations; rectified is the rule of the NeuronInspect paper.',
    value: 'RULE',
    default: 'rectified',
    flagOnly: true,
    ...oneOf(['vanilla', 'guided', 'rectified']),
  } satisfies Option<'vanilla' | 'guided' | 'rectified'>,
  output: {
    group: 'Output',
    description: 'A .npz (arrays), .png or .html file, or a folder for all three.',
    kind: 'text',
    value: 'PATH',
    short: 'o',
    expects: 'a path that ends in .npz, .png or .html, or a folder',
    flagOnly: true,
    schema: (z) => z.string().min(1).optional(),
  } satisfies Option<string | undefined>,
} as const satisfies OptionTable;
