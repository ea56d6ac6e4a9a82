import { readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { ScanError } from '../../core/scan/errors.js';
import type { RawImageSet } from '../../core/scan/images.js';
import { interleaveClasses } from './choose.js';
import { digestOfArray } from './digest.js';
import { readNpy, type NpyArray } from './npy.js';
import { readNpz } from './npz.js';
import type { ImageLimits, LoadOptions } from './options.js';

const imageNames = ['images', 'x'];
const labelNames = ['labels', 'y'];

/**
 * Model inputs from `.npy` or `.npz`, as they are, converted to float32. In an archive the images are the array `images`,
 * `x`, or the only one beside the labels; the labels are `labels` or `y`, one whole number per image, negative for unknown.
 */
export async function loadArrays(path: string, options: LoadOptions, limits: ImageLimits): Promise<RawImageSet> {
  const { images, labels: own } = await readArrays(path, limits);
  const labels = options.labels === undefined ? own : await readLabelFile(options.labels, limits);
  const [total, ...dims] = images.dims;
  if (total === undefined || dims.length === 0) {
    throw unreadable(path, `holds an array of shape (${images.dims.join(', ')}); the first axis must count the images`);
  }
  if (images.data.length === 0)
    throw new ScanError('images-missing', `${path} holds no images (shape (${images.dims.join(', ')}))`);
  const all = labels
    ? labelList(options.labels ?? path, labels, total)
    : Array.from({ length: total }, () => undefined);
  const chosen =
    options.order === 'file' ? all.map((_, i) => i).slice(0, options.count) : interleaveClasses(all, options.count);
  const size = images.data.length / total;
  const data = new Float32Array(chosen.length * size);
  chosen.forEach((from, to) => {
    data.set(images.data.subarray(from * size, (from + 1) * size), to * size);
  });
  const odd = data.findIndex((value) => !Number.isFinite(value));
  if (odd >= 0) {
    throw unreadable(
      path,
      `holds ${data[odd]} in image ${chosen[Math.floor(odd / size)]}; every value must be a finite float32`,
    );
  }
  const chosenLabels = chosen.map((i) => all[i]);
  return {
    kind: 'raw',
    digest: digestOfArray([chosen.length, ...dims], data, chosenLabels),
    count: chosen.length,
    labels: chosenLabels,
    dims: [chosen.length, ...dims],
    data,
  };
}

async function readArrays(
  path: string,
  limits: ImageLimits,
): Promise<{ images: NpyArray; labels?: NpyArray | undefined }> {
  const bytes = await readBounded(path, limits);
  try {
    if (extname(path).toLowerCase() === '.npy') return { images: readNpy(bytes) };
    let imageName = '';
    let labelName: string | undefined;
    const arrays = readNpz(
      bytes,
      (names) => {
        labelName = labelNames.find((name) => names.includes(name));
        imageName = pickImages(names, labelName);
        return labelName === undefined ? [imageName] : [imageName, labelName];
      },
      limits.maxArrayBytes,
    );
    return { images: arrays.get(imageName)!, labels: labelName === undefined ? undefined : arrays.get(labelName) };
  } catch (thrown) {
    throw unreadable(path, (thrown as Error).message, thrown);
  }
}

function pickImages(names: readonly string[], labelName: string | undefined): string {
  const named = imageNames.find((name) => names.includes(name));
  if (named !== undefined) return named;
  const others = names.filter((name) => name !== labelName);
  if (others.length === 1) return others[0]!;
  const held = others.length === 0 ? 'no array of images' : `the arrays ${others.slice(0, 8).join(', ')}`;
  throw new Error(`holds ${held}: name the model input "images" (and the labels "labels")`);
}

async function readLabelFile(path: string, limits: ImageLimits): Promise<NpyArray> {
  if (extname(path).toLowerCase() !== '.npy') {
    throw unreadable(
      path,
      'cannot label an array: give one whole number per image as .npy, or as "labels" in the .npz',
    );
  }
  const bytes = await readBounded(path, limits);
  try {
    return readNpy(bytes);
  } catch (thrown) {
    throw unreadable(path, (thrown as Error).message, thrown);
  }
}

function labelList(path: string, array: NpyArray, total: number): (number | undefined)[] {
  const flat = array.dims.length === 1 || (array.dims.length === 2 && array.dims[1] === 1);
  if (!flat || array.dims[0] !== total) {
    throw unreadable(
      path,
      `holds labels of shape (${array.dims.join(', ')}) for ${total} images; give one whole number per image`,
    );
  }
  return Array.from(array.data, (label, i) => {
    if (!Number.isSafeInteger(label))
      throw unreadable(path, `gives image ${i} the label ${label}, which is no whole number`);
    return label < 0 ? undefined : label;
  });
}

async function readBounded(path: string, limits: ImageLimits): Promise<Uint8Array> {
  const info = await stat(path).catch((thrown: unknown) => {
    throw new ScanError('images-missing', `${path} cannot be read: ${(thrown as Error).message}`, { cause: thrown });
  });
  if (!info.isFile()) throw unreadable(path, 'is no regular file');
  if (info.size > limits.maxArrayBytes) {
    throw unreadable(
      path,
      `has ${info.size} bytes, more than ${Math.floor(limits.maxArrayBytes / 2 ** 20)} MiB: save only the images to use`,
    );
  }
  return readFile(path);
}

function unreadable(path: string, text: string, cause?: unknown): ScanError {
  return new ScanError('images-unreadable', `${path} ${text}`, { cause });
}
