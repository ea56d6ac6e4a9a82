import type { OpenModel } from '../../core/ports/runner.js';
import { ScanError } from '../../core/scan/errors.js';
import { createOnnxruntimeEngine } from '../engines/onnxruntime/index.js';
import type { Host, HostSettings } from './protocol.js';
import { serve } from './serve.js';

serve(createHost);

function createHost({ provider, threads }: HostSettings): Host {
  const engine = createOnnxruntimeEngine({ provider, threads });
  let model: OpenModel | undefined;

  const opened = (): OpenModel => {
    if (!model) throw new ScanError('internal', 'the worker process was asked about a model before it was opened');
    return model;
  };
  const close = async (): Promise<undefined> => {
    const closing = model;
    model = undefined;
    await closing?.close();
  };

  return {
    open: async (job) => {
      await close();
      const [{ onnxFormat }, { openModel }] = await Promise.all([
        import('../formats/onnx/index.js'),
        import('../../core/execute/open-model.js'),
      ]);
      const { graph, digest } = await onnxFormat.read(job.path, job.limits);
      model = await openModel(engine, graph, job);
      return { inspection: model.inspection, engine: { ...model.engine }, digest };
    },
    shard: (shard) => opened().runShard(shard),
    confirm: (classIndex) => opened().confirm(classIndex),
    explain: (request) => opened().explain(request),
    close,
  };
}
