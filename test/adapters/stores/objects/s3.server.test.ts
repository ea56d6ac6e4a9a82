import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { it } from 'node:test';
import { CreateBucketCommand, ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3';
import { openObjectStore } from '../../../../adapters/stores/objects/open.js';
import { createS3ObjectStore } from '../../../../adapters/stores/objects/s3.js';
import { chunks } from '../../../contract/object-store/bodies.js';
import { listed, read, rejects, runObjectStoreContract } from '../../../contract/object-store.js';
import { testServers } from '../../../support/servers.js';

const { endpoint, region, accessKeyId, secretAccessKey } = testServers().s3;
const credentials = { accessKeyId, secretAccessKey };
const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
const bucket = `objects-${randomUUID()}`;
await client.send(new CreateBucketCommand({ Bucket: bucket }));

let made = 0;
const newStore = () => createS3ObjectStore({ bucket, prefix: `store/${made++}`, endpoint, region, credentials });
const word = Buffer.from('hello');

runObjectStoreContract({ name: 'S3', newStore: () => Promise.resolve(newStore()) });

it('is opened by its address, with credentials from the environment', async () => {
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey });
  const address = `s3://${bucket}/by/address?endpoint=${encodeURIComponent(endpoint)}&region=${region}`;
  await openObjectStore(address).put('a', word, 5);
  assert.deepEqual(
    await read(createS3ObjectStore({ bucket, endpoint, credentials }), 'by/address/a'),
    Uint8Array.from(word),
  );
});

it('lists more keys than one answer holds', async () => {
  const store = newStore();
  const keys = Array.from({ length: 1100 }, (_, index) => `many/${index}`);
  for (let start = 0; start < keys.length; start += 50) {
    await Promise.all(keys.slice(start, start + 50).map((key) => store.put(key, word, 5)));
  }
  assert.deepEqual(new Set((await listed(store, 'many/')).keys()), new Set(keys));
});

it('leaves no unfinished upload behind that would be paid for', async () => {
  const store = newStore();
  const bytes = 20 << 20;
  await rejects(store.put('a', chunks(bytes), bytes + 1), { message: /were announced/ });
  const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
  assert.deepEqual(Uploads ?? [], []);
});

it('says what to check when the credentials are wrong', async () => {
  const message = /check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and what they may do/;
  const wrong = { accessKeyId, secretAccessKey: 'hushhush' };
  const store = createS3ObjectStore({ bucket, endpoint, region, credentials: wrong });
  await rejects(store.put('a', word, 5), { message });
  await rejects(store.get('a'), { message });
  await rejects(store.size('a'), { message });
  await rejects(store.delete('a'), { message });
  await rejects(listed(store, ''), { message });
  await assert.rejects(store.get('a'), (error: Error) => !error.message.includes('hushhush'));
  const nobody = { accessKeyId: 'nobody', secretAccessKey };
  await rejects(createS3ObjectStore({ bucket, endpoint, region, credentials: nobody }).put('a', word, 5), { message });
});

it('says that there is no such bucket', async () => {
  const store = createS3ObjectStore({ bucket: `none-${randomUUID()}`, endpoint, region, credentials });
  await rejects(store.put('a', word, 5), { message: /create the bucket or name another one/ });
  await rejects(store.get('a'), { message: /create the bucket or name another one/ });
});
