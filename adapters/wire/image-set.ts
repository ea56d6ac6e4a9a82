import type { DecodedImage, ImageSet, PixelImageSet, RawImageSet } from '../../core/scan/images.js';
import { digestOfArray, digestOfPixels } from '../images/digest.js';
import { cut, integer, list, longest, most, refuse, text } from './check.js';
import { floatsOf, littleEndian } from './floats.js';
import { plainBytes, readMessage, writeMessage, type MessageType } from './message.js';
import { readClassNames, readLabels, v1, writeClassNames, writeLabels, type types } from './parts.js';

type Fields = types.scan.v1.ImageSet.$Properties;
type Unnamed = Omit<PixelImageSet, 'digest'> | Omit<RawImageSet, 'digest'>;

/** As much as the loader of images takes, and the names beside it. */
export const maxImageSetBytes = 2 ** 30 + 2 ** 26;

const imageSet: MessageType<Fields, Fields> = {
  name: 'ImageSet',
  codec: v1.ImageSet,
  maxBytes: maxImageSetBytes,
  repeated: { 1: {}, 2: { 1: 'numbers' }, 3: 'numbers' },
};

/** @throws ScanError `internal` for a set that no worker would accept. */
export function encodeImageSet(set: ImageSet): Uint8Array {
  const names = { labelsPlusOne: writeLabels(set.labels), classNames: writeClassNames(set.classNames) };
  const fields: Fields =
    set.kind === 'pixels'
      ? { pixels: { pictures: set.images.map(writePicture) }, ...names }
      : { array: { dims: [...set.dims], data: littleEndian(set.data) }, ...names };
  return writeMessage(imageSet, fields, accept);
}

/**
 * @param digest what the set must be, of the order that names it.
 * @throws ScanError `message-malformed`, also when it is another set.
 */
export function decodeImageSet(bytes: Uint8Array, digest: string): ImageSet {
  return readMessage(imageSet, bytes, (fields) => {
    const set = accept(fields);
    const found =
      set.kind === 'pixels' ? digestOfPixels(set.images, set.labels) : digestOfArray(set.dims, set.data, set.labels);
    if (found !== digest) refuse('digest', `is ${found}, not ${digest}: these are other images`);
    return { ...set, digest };
  });
}

function accept({ pixels, array, labelsPlusOne, classNames: names }: Fields): Unnamed {
  const labels = readLabels(labelsPlusOne, 'labels_plus_one');
  const classNames = readClassNames(names, 'class_names');
  const shared = { count: labels.length, labels, ...(classNames === undefined ? {} : { classNames }) };
  if (labels.length === 0) refuse('labels_plus_one', 'is empty: there are no images');
  if (Boolean(pixels) === Boolean(array)) return refuse('values', 'must hold either pictures or an array');
  return pixels
    ? { kind: 'pixels', images: readPictures(pixels, labels.length), ...shared }
    : { kind: 'raw', ...readArray(array!, labels.length), ...shared };
}

function writePicture(image: DecodedImage): types.scan.v1.ImageSet.Picture.$Properties {
  const { name, height, width, channels, pixels } = image;
  return { name: cut(name, longest.name), height, width, channels, pixels };
}

function readPictures({ pictures }: types.scan.v1.ImageSet.Pixels.$Properties, count: number): DecodedImage[] {
  const given = list(pictures, 'pixels.pictures', most.images);
  if (given.length !== count) refuse('pixels.pictures', `are ${given.length}, with ${count} labels`);
  return given.map((picture): DecodedImage => {
    const height = integer(picture.height, 'pixels.pictures.height', 1, most.side);
    const width = integer(picture.width, 'pixels.pictures.width', 1, most.side);
    const { channels } = picture;
    if (channels !== 1 && channels !== 3) return refuse('pixels.pictures.channels', `is ${channels ?? 0}, not 1 or 3`);
    const pixels = plainBytes(picture.pixels ?? new Uint8Array());
    if (pixels.length !== height * width * channels) {
      refuse('pixels.pictures.pixels', `has ${pixels.length} bytes for ${height} x ${width} x ${channels}`);
    }
    return { name: text(picture.name, 'pixels.pictures.name', longest.name), height, width, channels, pixels };
  });
}

function readArray(array: types.scan.v1.ImageSet.Array.$Properties, count: number): Pick<RawImageSet, 'dims' | 'data'> {
  const dims = list(array.dims, 'array.dims', 8).map((extent) => integer(extent, 'array.dims', 1, maxImageSetBytes));
  if (dims.length < 2 || dims[0] !== count) {
    refuse('array.dims', `is (${dims.join(', ')}); the first axis must count the ${count} images`);
  }
  const bytes = 4 * dims.reduce((product, extent) => product * extent, 1);
  const data = array.data ?? new Uint8Array();
  if (data.length !== bytes) refuse('array.data', `has ${data.length} bytes for dims (${dims.join(', ')})`);
  return { dims, data: floatsOf(data) };
}
