import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { openObjectStore } from '../../../../adapters/stores/objects/open.js';
import { ScanError } from '../../../../core/scan/errors.js';
import { read } from '../../../contract/object-store.js';

it('opens a folder, spaces included', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'neuroninspect objects '));
  t.after(() => rm(dir, { recursive: true, force: true }));
  await openObjectStore(pathToFileURL(dir).href).put('a', Buffer.from('x'), 1);
  assert.deepEqual(await read(openObjectStore(`file://${dir}`), 'a'), Uint8Array.of(120));
});

it('opens a bucket', () => {
  for (const address of [
    's3://bucket',
    's3://my.bucket-1/deep/prefix/',
    's3://bucket/prefix?endpoint=http://127.0.0.1:9000&region=eu-west-1&forcePathStyle=true',
    's3://bucket?endpoint=https%3A%2F%2Fs3.example&forcePathStyle=false',
  ]) {
    openObjectStore(address);
  }
});

it('refuses every other address by name and says what to write', () => {
  const refused: Readonly<Record<string, RegExp>> = {
    '': /neither file: nor s3:/,
    '/var/objects': /neither file: nor s3:/,
    'https://bucket.s3.amazonaws.com/': /neither file: nor s3:/,
    'file://folder/objects': /three slashes/,
    'file:///objects?region=x': /no parameters/,
    's3://': /no bucket/,
    's3:///prefix': /no bucket/,
    's3://bucket:9000/prefix': /no bucket/,
    's3://bucket/a//b': /no prefix/,
    's3://bucket?endpont=http://127.0.0.1': /endpont is none of endpoint, region, forcePathStyle/,
    's3://bucket?endpoint=127.0.0.1:9000': /no http or https/,
    's3://bucket?endpoint=ftp://127.0.0.1': /no http or https/,
    's3://bucket?forcePathStyle=yes': /true or false/,
  };
  for (const [address, why] of Object.entries(refused)) {
    assert.throws(
      () => openObjectStore(address),
      (error) => error instanceof ScanError && error.code === 'usage' && why.test(error.message),
      address,
    );
  }
});

it('takes no credentials in an address, and does not print them', () => {
  for (const [address, why] of [
    ['s3://key:hush@bucket/prefix', /AWS_ACCESS_KEY_ID/],
    ['s3://bucket?endpoint=http://key:hush@127.0.0.1:9000', /AWS_ACCESS_KEY_ID/],
    ['s3://bucket?secretAccessKey=hush', /secretAccessKey is none of/],
  ] as const) {
    assert.throws(
      () => openObjectStore(address),
      (error) => error instanceof ScanError && !error.message.includes('hush') && why.test(error.message),
      address,
    );
  }
});
