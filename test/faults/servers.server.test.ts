import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { assertFirstsTold, survives, total } from '../support/faults.js';
import { until, type TestPipeline } from '../support/pipeline.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { s3Account, startKafka, startPostgres, startS3, startTemporal, type Server } from '../support/servers.js';

const someResults = (pipeline: TestPipeline) =>
  until('results arrive', async () => (await pipeline.query('select 1 from results limit 1')).length > 0);

/** A server of our own, in a folder that outlives it, so that it can be killed and started again with what it had stored. */
async function privately(
  start: (options: { dir: string; port?: number }) => Promise<Server>,
  run: (server: { readonly url: string; kill(): Promise<void>; restart(): Promise<void> }) => Promise<void>,
): Promise<void> {
  const folder = temporaryFolder('server');
  const dir = folder.path;
  let server = await start({ dir });
  const { url, port } = server;
  try {
    await run({
      url,
      kill: () => server.kill('SIGKILL'),
      restart: async () => {
        server = await start({ dir, port });
      },
    });
  } finally {
    await server.stop();
    folder.remove();
  }
}

test('the broker is killed and unreachable for 30 s', async () => {
  await privately(startKafka, async (kafka) => {
    await survives({
      servers: { kafka: kafka.url },
      disturb: async (pipeline) => {
        await someResults(pipeline);
        await kafka.kill();
        await pause(30_000);
        await kafka.restart();
      },
      check: async (pipeline) => {
        for (const service of pipeline.services) assert.notEqual(service.pid, undefined, `${service.name} has ended`);
        const errors = await total(pipeline, 'worker', 'storage_errors_total', { store: 'kafka' });
        assert.ok(errors + (await total(pipeline, 'reducer', 'storage_errors_total', { store: 'kafka' })) > 0);
        await assertFirstsTold(pipeline);
      },
    });
  });
});

test('PostgreSQL is killed and comes back', async () => {
  await privately(startPostgres, async (postgres) => {
    await survives({
      servers: { postgres: postgres.url },
      disturb: async (pipeline) => {
        await someResults(pipeline);
        await postgres.kill();
        await pause(5000);
        await postgres.restart();
      },
      check: async (pipeline) => {
        assert.ok((await total(pipeline, 'reducer', 'storage_errors_total', { store: 'postgres' })) > 0);
        await assertFirstsTold(pipeline);
      },
    });
  });
});

test('Temporal stands still and the reducer is killed between writing and signalling: the outbox delivers', async () => {
  await privately(startTemporal, async (temporal) => {
    await survives({
      servers: { temporal: temporal.url },
      models: 3,
      disturb: async (pipeline) => {
        await someResults(pipeline);
        await temporal.kill();
        await until(
          'a notice that cannot be delivered',
          async () => (await pipeline.query('select 1 from outbox limit 1')).length > 0,
        );
        const reducer = pipeline.service('reducer-0');
        await reducer.kill('SIGKILL');
        reducer.start();
        await temporal.restart();
      },
      check: async (pipeline) => {
        await until('the outbox is empty', async () => (await pipeline.query('select 1 from outbox')).length === 0);
        assert.ok((await total(pipeline, 'reducer', 'notices_delivered_total')) > 0);
      },
    });
  });
});

test('the object store is away for a while', async () => {
  await privately(startS3, async (s3) => {
    const { endpoint, region, ...credentials } = s3Account(s3.url);
    const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: 'models' }));
    client.destroy();
    process.env.AWS_ACCESS_KEY_ID = credentials.accessKeyId;
    process.env.AWS_SECRET_ACCESS_KEY = credentials.secretAccessKey;
    await survives({
      objectStore: `s3://models?endpoint=${endpoint}&region=${region}&forcePathStyle=true`,
      disturb: async (pipeline) => {
        await someResults(pipeline);
        await s3.kill();
        // Every scan needs the store in the end, so that somebody misses it, however slow the machine is.
        await until('a service counts that the object store is away', async () => {
          const services = ['worker', 'orchestrator'] as const;
          const errors = services.map((name) => total(pipeline, name, 'storage_errors_total', { store: 'objects' }));
          return (await Promise.all(errors)).some((count) => count > 0);
        });
        await pause(5000);
        await s3.restart();
      },
    });
  });
});
