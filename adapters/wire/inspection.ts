import type { ImageFacts } from '../../core/pipeline/task.js';
import type { Inspection } from '../../core/scan/features.js';
import { severities, type StaticFinding } from '../../core/scan/result.js';
import { cut, integer, list, longest, most, number, oneOf, optional, refuse, text } from './check.js';
import { readClassNames, readLabels, v1, writeClassNames, writeLabels, type types } from './parts.js';

type Fields = types.scan.v1.ShardFeatures.Inspection.$Properties;

type CheckFields = types.scan.v1.ShardFeatures.CheckFinding.$Properties;

const cuts = ['Softmax', 'LogSoftmax', 'Sigmoid'] as const;

export function writeInspection(inspection: Inspection, images: ImageFacts): Fields {
  const { accuracy, preprocessingHint, tile } = inspection;
  return {
    classes: inspection.classes,
    inputDims: [...inspection.inputDims],
    layout: inspection.layout === 'NCHW' ? v1.ShardFeatures.Layout.LAYOUT_NCHW : v1.ShardFeatures.Layout.LAYOUT_NHWC,
    channels: inspection.channels,
    height: inspection.height,
    width: inspection.width,
    inputName: cut(inspection.inputName, longest.name),
    logitsName: cut(inspection.logitsName, longest.name),
    cut: inspection.cut ?? '',
    predictions: [...inspection.predictions],
    ...(accuracy === undefined ? {} : { accuracy }),
    ...(preprocessingHint === undefined ? {} : { preprocessingHint: cut(preprocessingHint, longest.message) }),
    tileClasses: tile.classes,
    tileImages: tile.images,
    labelsPlusOne: writeLabels(images.labels),
    classNames: writeClassNames(images.classNames),
    ...(inspection.checks === undefined ? {} : { checks: { findings: inspection.checks.map(writeCheck) } }),
  };
}

export function readInspection(fields: Fields): { readonly inspection: Inspection; readonly images: ImageFacts } {
  const classes = integer(fields.classes, 'inspection.classes', 1, most.classes);
  const predictions = list(fields.predictions, 'inspection.predictions', most.images);
  const labels = readLabels(fields.labelsPlusOne, 'inspection.labels_plus_one');
  if (labels.length !== predictions.length) {
    refuse('inspection.labels_plus_one', `has ${labels.length} items, but ${predictions.length} images were predicted`);
  }
  const classNames = readClassNames(fields.classNames, 'inspection.class_names');
  return {
    inspection: {
      classes,
      ...readInput(fields),
      cut: fields.cut ? oneOf(fields.cut, 'inspection.cut', cuts) : undefined,
      predictions: predictions.map((value) => integer(value, 'inspection.predictions', -1, classes - 1)),
      accuracy: optional(fields.accuracy, (value) => number(value, 'inspection.accuracy', 0, 1)),
      preprocessingHint: optional(fields.preprocessingHint, (value) =>
        text(value, 'inspection.preprocessing_hint', longest.message),
      ),
      checks: optional(fields.checks, ({ findings }) => list(findings, 'inspection.checks', maxChecks).map(readCheck)),
      tile: {
        classes: integer(fields.tileClasses, 'inspection.tile_classes', 1, most.classes),
        images: integer(fields.tileImages, 'inspection.tile_images', 1, most.images),
      },
    },
    images: { labels, ...(classNames === undefined ? {} : { classNames }) },
  };
}

/** Twenty of each check and one that counts the others, with room for checks to come. */
const maxChecks = 1000;

function writeCheck({ check, severity, message, place }: StaticFinding): CheckFields {
  return {
    check: cut(check, longest.word),
    severity,
    message: cut(message, longest.message),
    ...(place === undefined ? {} : { place: cut(place, longest.name) }),
  };
}

function readCheck({ check, severity, message, place }: CheckFields): StaticFinding {
  return {
    check: text(check, 'inspection.checks.check', longest.word),
    severity: oneOf(severity ?? '', 'inspection.checks.severity', severities),
    message: text(message, 'inspection.checks.message', longest.message),
    ...(place === undefined || place === null ? {} : { place: text(place, 'inspection.checks.place', longest.name) }),
  };
}

function readInput(
  fields: Fields,
): Pick<Inspection, 'inputDims' | 'layout' | 'channels' | 'height' | 'width' | 'inputName' | 'logitsName'> {
  return {
    inputDims: list(fields.inputDims, 'inspection.input_dims', 8).map((extent) =>
      integer(extent, 'inspection.input_dims', 1, most.side),
    ),
    layout: readLayout(fields.layout),
    channels: integer(fields.channels, 'inspection.channels', 1, most.side),
    height: integer(fields.height, 'inspection.height', 1, most.side),
    width: integer(fields.width, 'inspection.width', 1, most.side),
    inputName: text(fields.inputName, 'inspection.input_name', longest.name),
    logitsName: text(fields.logitsName, 'inspection.logits_name', longest.name),
  };
}

function readLayout(value: Fields['layout']): Inspection['layout'] {
  if (value === v1.ShardFeatures.Layout.LAYOUT_NCHW) return 'NCHW';
  if (value === v1.ShardFeatures.Layout.LAYOUT_NHWC) return 'NHWC';
  return refuse('inspection.layout', `is ${value ?? 0}, which is no layout`);
}
