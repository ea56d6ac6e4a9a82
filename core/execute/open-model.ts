import type { Graph } from '../onnx/graph.js';
import type { Engine } from '../ports/engine.js';
import type { ModelJob, OpenModel } from '../ports/runner.js';
import type { Inspection } from '../scan/features.js';
import { cascade1 } from '../scan/profiles.js';
import { bindModel } from './bind.js';
import { confirm } from './confirm.js';
import { explain } from './explain.js';
import { accuracyOf, allLogits, predictionsOf, preprocessingHint } from './inspect.js';
import { createPrograms } from './programs.js';
import { runShard } from './shard.js';
import { chooseTile } from './tile.js';

/**
 * Inspects a model and runs parts of its scan in this process.
 * @throws ScanError of the codes `model-*`, `images-*` and `engine-*`.
 */
export async function openModel(engine: Engine, graph: Graph, job: ModelJob): Promise<OpenModel> {
  const { images, preprocessing, profile, selection, limits } = job;
  const { classifier, takes, input, model } = bindModel(graph, images, preprocessing, selection);
  const programs = createPrograms(engine, model);
  const count = input.dims[0]!;
  const sample = model.fixedBatch ?? 1;
  const tile = chooseTile(
    { graph: model.bind(sample), images: sample },
    model.classes,
    count,
    model.fixedBatch,
    limits.maxRunBytes,
  );

  const logits = await allLogits(programs, model, count, input.data, tile.images);
  const predictions = predictionsOf(logits, model.classes);
  const accuracy = accuracyOf(predictions, input.labels);
  const [height, width] = (model.layout === 'NCHW' ? model.inputDims.slice(1) : model.inputDims.slice(0, 2)) as [
    number,
    number,
  ];
  const inspection: Inspection = {
    classes: model.classes,
    inputDims: model.inputDims,
    layout: model.layout,
    channels: model.unit.length,
    height,
    width,
    inputName: classifier.input.name,
    logitsName: classifier.logitsName,
    cut: classifier.cut,
    predictions,
    accuracy,
    preprocessingHint: await preprocessingHint(
      programs,
      model,
      images,
      takes,
      preprocessing,
      input,
      accuracy,
      tile.images,
    ),
    tile,
  };
  const own = predictions.map((prediction, i) => input.labels[i] ?? prediction);
  const names = images.kind === 'pixels' ? images.images.map(({ name }) => name) : [];
  // The paper's method inverts nothing; its evidence is made with the default settings.
  const inversion = profile.method.kind === 'cascade' ? profile.method.inversion : inversionOf(cascade1);

  return {
    inspection,
    get engine() {
      return engine.info;
    },
    workers: 1,
    runShard: (shard) => runShard(programs, model, input, profile, tile, shard),
    confirm: (classIndex) => confirm(programs, model, input, tile, inversion, own, names, classIndex),
    explain: (request) => explain(programs, model, input, tile, request),
    close: () => programs.dispose(),
  };
}

function inversionOf({ method }: typeof cascade1) {
  if (method.kind !== 'cascade') throw new TypeError('the default profile is a cascade');
  return method.inversion;
}
