import type { Option, OptionTable } from './option.js';
import { oneOf } from './option.js';

export const imageOptions = {
  images: {
    group: 'Images',
    description: 'Clean images: a folder (PNG, JPEG, WebP; sub-folders name the classes), or an .npy or .npz file.',
    kind: 'text',
    value: 'PATH',
    short: 'i',
    expects: 'a path',
    schema: (z) => z.string().min(1).optional(),
  } satisfies Option<string | undefined>,
  labels: {
    group: 'Images',
    description: 'Labels of the images: CSV lines "file,class", or JSON {"file": class}.',
    kind: 'text',
    value: 'FILE',
    expects: 'a path',
    schema: (z) => z.string().min(1).optional(),
  } satisfies Option<string | undefined>,
  imageCount: {
    group: 'Images',
    description: 'How many of the images to use. More is slower and raises fewer false alarms.',
    kind: 'number',
    value: 'N',
    expects: 'a whole number, at least 1',
    defaultText: "the profile's, 50",
    schema: (z) => z.int().min(1).max(100_000).optional(),
  } satisfies Option<number | undefined>,
} as const satisfies OptionTable;

/** Names and meaning follow {@link import('../../../core/scan/images.js').Preprocessing}. */
export const preprocessingOptions = {
  layout: {
    group: 'Preprocessing',
    description: 'Axis order of the model input.',
    value: 'ORDER',
    defaultText: "as the model's input shape says",
    ...oneOf(['NCHW', 'NHWC']),
    schema: (z) => z.enum(['NCHW', 'NHWC']).optional(),
  } satisfies Option<'NCHW' | 'NHWC' | undefined>,
  channels: {
    group: 'Preprocessing',
    description: 'Channel order the model was trained on.',
    value: 'ORDER',
    defaultText: 'rgb for three channels, gray for one',
    ...oneOf(['rgb', 'bgr', 'gray']),
    schema: (z) => z.enum(['rgb', 'bgr', 'gray']).optional(),
  } satisfies Option<'rgb' | 'bgr' | 'gray' | undefined>,
  resize: {
    group: 'Preprocessing',
    description: "Resize the images to HEIGHTxWIDTH; without it, images of another size than the model's are refused.",
    kind: 'text',
    value: 'HxW',
    expects: 'HEIGHTxWIDTH in pixels such as 32x32, or one number for both',
    schema: (z) => {
      const side = z.int().min(1).max(16_384);
      return z
        .union([side, z.tuple([side, side]), z.string().regex(/^[1-9]\d{0,4}(x[1-9]\d{0,4})?$/)])
        .transform((value): [number, number] => {
          if (typeof value === 'number') return [value, value];
          if (typeof value !== 'string') return value;
          const [height = 0, width = height] = value.split('x').map(Number);
          return [height, width];
        })
        .refine((sides) => sides.every((pixels) => pixels <= 16_384))
        .optional();
    },
  } satisfies Option<[number, number] | undefined>,
  scale: {
    group: 'Preprocessing',
    description: 'Value of a white pixel before mean and std.',
    kind: 'number',
    value: 'X',
    expects: 'a positive number',
    defaultText: "the model's own, else 1, or 255 for integer inputs",
    schema: (z) => z.number().positive().optional(),
  } satisfies Option<number | undefined>,
  mean: {
    group: 'Preprocessing',
    description: 'Subtracted after scaling: one value per channel, or one for all.',
    kind: 'numbers',
    value: 'X,...',
    expects: 'numbers with commas between them',
    defaultText: "the model's own, else 0",
    schema: (z) => z.array(z.number()).min(1).max(4).optional(),
  } satisfies Option<number[] | undefined>,
  std: {
    group: 'Preprocessing',
    description: 'Divided by after the mean is subtracted: one value per channel, or one for all.',
    kind: 'numbers',
    value: 'X,...',
    expects: 'positive numbers with commas between them',
    defaultText: "the model's own, else 1",
    schema: (z) => z.array(z.number().positive()).min(1).max(4).optional(),
  } satisfies Option<number[] | undefined>,
} as const satisfies OptionTable;
