import { fileURLToPath } from 'node:url';
import type { ObjectStore } from '../../../core/ports/object-store.js';
import { ScanError } from '../../../core/scan/errors.js';
import { createFileObjectStore } from './file.js';
import { isKey } from './key.js';
import { createS3ObjectStore } from './s3.js';

/**
 * `file:///folder` or `s3://bucket/prefix?endpoint=http://host:9000&region=eu-west-1&forcePathStyle=true`; credentials come
 * from where the AWS SDK looks for them, never from the address. Nothing is contacted yet.
 *
 * @throws ScanError `usage` for any other address.
 */
export function openObjectStore(address: string): ObjectStore {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol === 'file:') return openFolder(url);
  if (url?.protocol === 's3:') return openBucket(url);
  throw refused(address, 'it begins with neither file: nor s3:');
}

function openFolder(url: URL): ObjectStore {
  if (url.host !== '') throw refused(url.href, 'a folder is named by its absolute path, after three slashes');
  if (url.search !== '' || url.hash !== '') throw refused(url.href, 'a folder takes no parameters');
  return createFileObjectStore(fileURLToPath(url));
}

const parameters = ['endpoint', 'region', 'forcePathStyle'];

function openBucket(url: URL): ObjectStore {
  if (url.username !== '' || url.password !== '') {
    url.username = url.password = '';
    throw refused(url.href, 'credentials go into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY');
  }
  const unknown = [...url.searchParams.keys()].find((name) => !parameters.includes(name));
  if (unknown !== undefined) {
    // Its value may be a secret.
    url.search = '';
    throw refused(url.href, `${unknown} is none of ${parameters.join(', ')}`);
  }
  if (url.hostname === '' || url.port !== '' || url.hash !== '') throw refused(url.href, 'it names no bucket');
  const prefix = url.pathname.replace(/^\/+|\/+$/g, '');
  if (prefix !== '' && !isKey(prefix)) throw refused(url.href, `${prefix} is no prefix of keys`);
  const endpoint = url.searchParams.get('endpoint') ?? undefined;
  if (endpoint !== undefined && hasCredentials(endpoint)) {
    url.search = '';
    throw refused(url.href, 'credentials go into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY');
  }
  if (endpoint !== undefined && !/^https?:$/.test(URL.canParse(endpoint) ? new URL(endpoint).protocol : '')) {
    throw refused(url.href, `the endpoint ${endpoint} is no http or https address`);
  }
  const pathStyle = url.searchParams.get('forcePathStyle') ?? undefined;
  if (pathStyle !== undefined && pathStyle !== 'true' && pathStyle !== 'false') {
    throw refused(url.href, 'forcePathStyle is true or false');
  }
  return createS3ObjectStore({
    bucket: url.hostname,
    prefix,
    endpoint,
    region: url.searchParams.get('region') ?? undefined,
    forcePathStyle: pathStyle === undefined ? undefined : pathStyle === 'true',
  });
}

function hasCredentials(address: string): boolean {
  return URL.canParse(address) && `${new URL(address).username}${new URL(address).password}` !== '';
}

function refused(address: string, why: string): ScanError {
  return new ScanError(
    'usage',
    `${address} is no object store: ${why}; use file:///folder or s3://bucket/prefix?endpoint=http://host:9000`,
  );
}
