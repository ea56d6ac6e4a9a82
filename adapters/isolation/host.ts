import type { OpenModel } from '../../core/ports/runner.js';
import { asScanError, ScanError } from '../../core/scan/errors.js';
import { addOne } from '../engines/add-one.js';
import { createEngine } from '../engines/create.js';
import type { Host, HostSettings } from './protocol.js';
import { serve } from './serve.js';

serve(createHost);

function createHost(settings: HostSettings): Host {
  const engine = createEngine(settings, settings.threads);
  const models = new Map<number, OpenModel>();

  const opened = (id: number): OpenModel => {
    const model = models.get(id);
    if (!model) throw new ScanError('internal', 'the worker process was asked about a model before it was opened');
    return model;
  };
  const close = async (id: number): Promise<undefined> => {
    const closing = models.get(id);
    models.delete(id);
    await closing?.close();
  };

  return {
    open: async (job, id) => {
      await close(id);
      const [{ readModel }, { openModel }] = await Promise.all([
        import('../formats/index.js'),
        import('../../core/execute/open-model.js'),
      ]);
      const { graph, digest, files } = await readModel(job.path, job.limits);
      const model = await openModel(engine, graph, job, files);
      models.set(id, model);
      return { inspection: model.inspection, engine: { ...model.engine }, digest };
    },
    shard: (shard, id) => opened(id).runShard(shard),
    confirm: (classIndex, id) => opened(id).confirm(classIndex),
    explain: (request, id) => opened(id).explain(request),
    survey: async ({ path, ...request }) => {
      const [{ readModel }, { survey }] = await Promise.all([
        import('../formats/index.js'),
        import('../../core/survey/index.js'),
      ]);
      const file = await readModel(path, request.limits);
      const { digest, bytes, files } = file;
      const found = survey(file, request);
      const facts = { format: file.format, digest, bytes, files };
      try {
        return { ...facts, preprocessing: file.stated(), survey: found };
      } catch (thrown) {
        // What keeps a scan without options from running is an obstacle, but not to the survey.
        const { code, message } = asScanError(thrown, 'internal', path);
        return { ...facts, survey: { ...found, obstacle: found.obstacle ?? { code, message } } };
      }
    },
    close: (_, id) => close(id),
    check: async () => {
      await addOne(engine);
      return { ...engine.info };
    },
  };
}
