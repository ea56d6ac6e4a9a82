import type * as S3 from '@aws-sdk/client-s3';
import type { Upload } from '@aws-sdk/lib-storage';
import { Readable } from 'node:stream';
import type { ObjectStore } from '../../../core/ports/object-store.js';
import { asScanError, ScanError } from '../../../core/scan/errors.js';
import { exactly, withErrors, type Body } from './body.js';
import { checkKey } from './key.js';

export interface S3Options {
  readonly bucket: string;
  /** Stands before every key, without slashes at its ends. */
  readonly prefix?: string | undefined;
  /** For stores other than Amazon's. */
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  /** `endpoint/bucket/key` instead of `bucket.endpoint/key`. Default: true where an endpoint is given. */
  readonly forcePathStyle?: boolean | undefined;
  /** Default: what the SDK finds in the environment, its files or the machine's role. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
}

/** Objects of a bucket of Amazon S3 or of a store that speaks its protocol. The SDK is loaded with the first call. */
export function createS3ObjectStore(options: S3Options): ObjectStore {
  const { bucket: Bucket } = options;
  const before = options.prefix ? `${options.prefix}/` : '';
  let connection: Promise<Connection> | undefined;
  const connected = () => (connection ??= connect(options));
  const failed = (key: string) => (error: unknown) => describe(error, options, key);

  /** Undefined where the store says that there is no such object. */
  async function run<T>(key: string, work: (connection: Connection, at: At) => Promise<T>): Promise<T | undefined> {
    checkKey(key);
    try {
      return await work(await connected(), { Bucket, Key: before + key });
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw failed(key)(error);
    }
  }

  return {
    async put(key, body, bytes) {
      await run(key, ({ sdk, client, Upload }, at) => {
        const what = `object ${key} in bucket ${Bucket}`;
        return body instanceof Uint8Array || bytes <= partBytes
          ? whole(bytes, body, what).then((Body) => client.send(new sdk.PutObjectCommand({ ...at, Body })))
          : new Upload({
              client,
              params: { ...at, Body: Readable.from(exactly(bytes, body, what), { objectMode: true }) },
              partSize: Math.max(partBytes, Math.ceil(bytes / mostParts)),
              queueSize: partsAtATime,
            }).done();
      });
    },
    get: (key) =>
      run(key, async ({ sdk, client }, at) => {
        const { Body, ContentLength: bytes } = await client.send(new sdk.GetObjectCommand(at));
        if (!(Body instanceof Readable) || bytes === undefined) throw new Error('the answer has no body or no length');
        const body = exactly(bytes, Body, `object ${key} in bucket ${Bucket}`);
        return { bytes, body: withErrors(body, failed(key)) };
      }),
    size: (key) =>
      run(key, async ({ sdk, client }, at) => (await client.send(new sdk.HeadObjectCommand(at))).ContentLength),
    async delete(key) {
      await run(key, ({ sdk, client }, at) => client.send(new sdk.DeleteObjectCommand(at)));
    },
    list: (prefix) =>
      withErrors(
        (async function* () {
          const { sdk, client } = await connected();
          for await (const page of sdk.paginateListObjectsV2({ client }, { Bucket, Prefix: before + prefix })) {
            for (const { Key, Size } of page.Contents ?? []) {
              if (Key !== undefined) yield { key: Key.slice(before.length), bytes: Size ?? 0 };
            }
          }
        })(),
        failed(prefix),
      ),
  };
}

/** Smaller objects go in one request; of larger ones, `partsAtATime` parts are in memory. */
const partBytes = 8 << 20;
const partsAtATime = 3;
/** S3 takes no more. */
const mostParts = 10_000;

interface Connection {
  readonly sdk: typeof S3;
  readonly client: S3.S3Client;
  readonly Upload: typeof Upload;
}

interface At {
  readonly Bucket: string;
  readonly Key: string;
}

async function connect({ endpoint, region, forcePathStyle, credentials }: S3Options): Promise<Connection> {
  // Which versions of Node are supported is said by this package, not by the SDK on the terminal of a user.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const [sdk, { Upload }] = await Promise.all([import('@aws-sdk/client-s3'), import('@aws-sdk/lib-storage')]);
  // Stores other than Amazon's mostly do not care, but a signature needs some region.
  const signed = region ?? (endpoint === undefined ? undefined : (process.env.AWS_REGION ?? 'us-east-1'));
  const config: S3.S3ClientConfig = {
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(signed === undefined ? {} : { region: signed }),
    ...(credentials ? { credentials } : {}),
    forcePathStyle: forcePathStyle ?? endpoint !== undefined,
    maxAttempts: 4,
    // Not every store knows S3's newer checksums. Contents are named by their sha256 and verified by whoever reads them.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: 5000, socketTimeout: 30_000 },
  };
  return { sdk, Upload, client: new sdk.S3Client(config) };
}

async function whole(bytes: number, body: Body, what: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of exactly(bytes, body, what)) chunks.push(chunk);
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && (error.name === 'NoSuchKey' || error.name === 'NotFound');
}

function describe(error: unknown, { bucket, endpoint }: S3Options, key: string): ScanError {
  if (error instanceof ScanError) return error;
  const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode;
  const where = `object ${key} in bucket ${bucket}${endpoint === undefined ? '' : ` at ${endpoint}`}`;
  // The answer to HEAD has no body that could name the error.
  const named = name !== undefined && !['Error', 'Unknown', 'UnknownError'].includes(name);
  const { message } = asScanError(error);
  const what = named ? `${name}: ${message}` : status === undefined ? message : `refused with status ${status}`;
  return new ScanError('storage-failed', `${where}: ${what}; ${advice(name, status)}`, {
    cause: error,
    retryable: true,
  });
}

function advice(name: string | undefined, status: number | undefined): string {
  if (name === 'CredentialsProviderError') return 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY';
  if (name === 'NoSuchBucket') return 'create the bucket or name another one';
  if (status === 401 || status === 403 || name === 'XAdminUserNotFound')
    return 'check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and what they may do';
  return status === undefined ? 'check that the store can be reached' : `the store answered with status ${status}`;
}
