import { runChecks } from '../checks/index.js';
import type { Graph } from '../onnx/graph.js';
import type { Engine } from '../ports/engine.js';
import type { ModelJob, OpenModel } from '../ports/runner.js';
import type { Inspection } from '../scan/features.js';
import { inversionOf } from '../scan/profiles.js';
import { bindModel } from './bind.js';
import { confirm } from './confirm.js';
import { explain } from './explain.js';
import { inspect } from './inspect.js';
import { createPrograms, type Execution } from './programs.js';
import { runShard } from './shard.js';
import { chooseRunShapes } from './tile.js';

/**
 * Inspects a model and runs parts of its scan in this process.
 * @param files of the model, the main one first, for what the static checks say about them.
 * @throws ScanError of the codes `model-*`, `images-*` and `engine-*`.
 */
export async function openModel(
  engine: Engine,
  graph: Graph,
  job: ModelJob,
  files: readonly string[] = [],
): Promise<OpenModel> {
  const { images, preprocessing, selection, limits } = job;
  const binding = bindModel(graph, images, preprocessing, selection);
  const { model, input } = binding;
  const sample = model.fixedBatch ?? 1;
  const bound = { graph: model.bind(sample), images: sample, logitsName: model.logitsName };
  const shapes = chooseRunShapes(bound, model.classes, input.dims[0]!, model.fixedBatch, limits.maxRunBytes);
  const execution: Execution = { programs: createPrograms(engine, model), model, input, ...shapes };
  try {
    const inspection = await inspect(execution, binding, images, preprocessing);
    const { inputName, logitsName } = inspection;
    const checks = runChecks({ graph, files, bound: { graph: bound.graph, inputName, logitsName } });
    return opened(engine, execution, job, { ...inspection, checks });
  } catch (thrown) {
    await execution.programs.dispose();
    throw thrown;
  }
}

function opened(
  engine: Engine,
  execution: Execution,
  { images, profile }: ModelJob,
  inspection: Inspection,
): OpenModel {
  const { programs, input } = execution;
  const own = inspection.predictions.map((prediction, i) => input.labels[i] ?? prediction);
  const names = images.kind === 'pixels' ? images.images.map(({ name }) => name) : [];
  const inversion = inversionOf(profile);
  return {
    inspection,
    get engine() {
      return engine.info;
    },
    workers: 1,
    runShard: (shard) => runShard(execution, profile, shard),
    confirm: (classIndex) => confirm(execution, inversion, own, names, classIndex),
    explain: (request) => explain(execution, request),
    close: () => programs.dispose(),
  };
}
