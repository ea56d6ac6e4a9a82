import { asScanError, ScanError } from '../../../core/scan/errors.js';
import type { Refusals } from './errors.js';

/** The HDF5 library, loaded when the first file is read. */
export interface Library {
  readonly module: H5Module;
  /** Opens a file for the time of `use`. Its bytes are viewed, not copied. */
  withFile<T>(bytes: Uint8Array, refuse: Refusals, use: (id: bigint) => T): T;
  attribute(id: bigint, path: string, name: string): unknown;
  /** All bytes of a data set, in memory of their own. */
  dataset(id: bigint, path: string, bytes: number): Uint8Array<ArrayBuffer>;
}

/** What is used of h5wasm: its own types do not cover the functions below its classes. */
interface H5wasm {
  readonly ready: Promise<H5Module>;
  readonly Group: new (id: bigint, path: string) => { get_attribute(name: string, asJson: false): unknown };
}

export interface H5Module {
  readonly FS: {
    getStream(descriptor: number): object;
    open(path: string, mode: 'r' | 'w'): object;
    close(stream: object): void;
    unlink(path: string): void;
    writeFile(path: string, bytes: Uint8Array, options: { canOwn: true }): void;
  };
  readonly HEAPU8: Uint8Array;
  readonly H5F_ACC_RDONLY: number;
  readonly H5G_GROUP: number;
  readonly H5G_DATASET: number;
  readonly H5T_class_t: { readonly H5T_STRING: { readonly value: number } };
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  open(path: string, mode: number, trackOrder: boolean, lowest: number, highest: number): bigint;
  close_file(id: bigint): number;
  /** -1 where there is nothing. */
  get_type(id: bigint, path: string): number;
  get_names(id: bigint, path: string, recursive: false): string[];
  get_attribute_names(id: bigint, path: string): string[];
  get_attribute_metadata(
    id: bigint,
    path: string,
    name: string,
  ): { readonly type: number; readonly total_size: number; readonly cset: number };
  get_dataset_metadata(id: bigint, path: string): H5Dataset;
  get_dataset_data(id: bigint, path: string, count: null, offset: null, strides: null, pointer: bigint): number;
}

interface H5Dataset {
  /** H5T_INTEGER (0), H5T_FLOAT (1), ... */
  readonly type: number;
  /** Bytes of one element. */
  readonly size: number;
  readonly signed: boolean;
  readonly littleEndian: boolean;
  readonly shape: readonly number[] | null;
  readonly virtual_sources?: unknown;
}

let loaded: Promise<Library> | undefined;
/** A library that crashed is not used again: its memory may be in any state. */
let generation = 0;

export function openLibrary(): Promise<Library> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<Library> {
  const url = import.meta.resolve('h5wasm') + (generation === 0 ? '' : `?${generation}`);
  const { ready, Group } = (await import(url)) as H5wasm;
  const module = await ready;
  isolate(module);
  return {
    module,
    withFile: (bytes, refuse, use) => withFile(module, bytes, refuse, use),
    attribute: (id, path, name) => new Group(id, path).get_attribute(name, false),
    dataset: (id, path, bytes) => {
      const pointer = module._malloc(Math.max(bytes, 1));
      if (pointer === 0)
        throw new ScanError(
          'model-too-large',
          `${path} of ${bytes} bytes does not fit into the memory of the HDF5 library`,
        );
      try {
        if (module.get_dataset_data(id, path, null, null, null, BigInt(pointer)) < 0)
          throw new Error(`${path} cannot be read`);
        return module.HEAPU8.slice(pointer, pointer + bytes);
      } finally {
        module._free(pointer);
      }
    },
  };
}

/** The file system of the library lies in its own memory; its devices would lead out of it, to this process's streams. */
function isolate({ FS }: H5Module): void {
  // Messages of the library's own go nowhere: what is wrong is in the error that is thrown.
  for (const stream of [0, 1, 2]) {
    FS.close(FS.getStream(stream));
    FS.open('/dev/null', stream === 0 ? 'r' : 'w');
  }
  for (const device of ['stdin', 'stdout', 'stderr', 'tty', 'tty1', 'random', 'urandom']) FS.unlink(`/dev/${device}`);
}

const path = '/model.h5';

function withFile<T>(module: H5Module, bytes: Uint8Array, refuse: Refusals, use: (id: bigint) => T): T {
  module.FS.writeFile(path, bytes, { canOwn: true });
  let id = -1n;
  try {
    id = module.open(path, module.H5F_ACC_RDONLY, false, -1, -1);
    if (id < 0n) refuse.malformed('the file is damaged: the HDF5 library does not open it');
    return use(id);
  } catch (thrown) {
    if (thrown instanceof ScanError) throw thrown;
    if ((thrown as Error).name === 'RuntimeError') {
      generation++;
      loaded = undefined;
    }
    throw asScanError(thrown, 'model-malformed', `${refuse.title}: the file is damaged`);
  } finally {
    if (loaded !== undefined) {
      if (id >= 0n) module.close_file(id);
      module.FS.unlink(path);
    }
  }
}
