import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createFileObjectStore } from '../../../../adapters/stores/objects/file.js';
import { listed, read, rejects, runObjectStoreContract } from '../../../contract/object-store.js';

const folder = await mkdtemp(join(tmpdir(), 'neuroninspect-objects-'));
after(() => rm(folder, { recursive: true, force: true }));
let made = 0;
const newDir = () => join(folder, String(made++));
const word = Buffer.from('hello');

runObjectStoreContract({ name: 'files', newStore: () => Promise.resolve(createFileObjectStore(newDir())) });

it('leaves no object and no readable half when the process is killed in mid-put', async () => {
  const dir = newDir();
  const child = runSlowPut(dir);
  for await (const line of createInterface({ input: child.stdout })) if (line === 'half') break;
  child.kill('SIGKILL');
  await once(child, 'close');
  const store = createFileObjectStore(dir);
  assert.deepEqual(await listed(store, ''), new Map());
  assert.equal(await store.get('slow/object'), undefined);
  await store.put('slow/object', word, 5);
  assert.deepEqual(await read(store, 'slow/object'), Uint8Array.from(word));
});

it('removes what killed processes left, but not what another process still writes', async () => {
  const dir = newDir();
  await createFileObjectStore(dir).put('a', word, 5);
  const uploads = join(dir, '~uploads');
  for (const name of ['left', 'young']) await writeFile(join(uploads, name), 'half');
  const long = new Date(Date.now() - 7_200_000);
  await utimes(join(uploads, 'left'), long, long);
  await createFileObjectStore(dir).put('b', word, 5);
  assert.deepEqual(await readdir(uploads), ['young']);
});

it('follows no link out of its folder', async () => {
  const [dir, outside] = [newDir(), newDir()];
  await mkdir(outside);
  await writeFile(join(outside, 'secret'), 'secret');
  const store = createFileObjectStore(dir);
  await store.put('a', word, 5);
  await symlink(outside, join(dir, 'linked'));
  await symlink(join(outside, 'secret'), join(dir, 'file'));
  for (const key of ['linked/secret', 'linked/new/object', 'file']) {
    await rejects(store.get(key), { retryable: false, message: /link/ });
    await rejects(store.size(key), { message: /link/ });
    await rejects(store.delete(key), { message: /link/ });
  }
  for (const key of ['linked/secret', 'linked/new/object']) await rejects(store.put(key, word, 5), { message: /link/ });
  // A rename puts the object in the place of the link, and leaves alone what it pointed to.
  await store.put('file', word, 5);
  assert.equal(await readFile(join(outside, 'secret'), 'utf8'), 'secret');
  assert.deepEqual(await readdir(outside), ['secret']);
  assert.deepEqual([...(await listed(store, '')).keys()].sort(), ['a', 'file']);
});

it('may itself be reached through a link', async () => {
  const [dir, link] = [newDir(), newDir()];
  await mkdir(dir);
  await symlink(dir, link);
  await createFileObjectStore(link).put('a/b', word, 5);
  assert.deepEqual(await read(createFileObjectStore(dir), 'a/b'), Uint8Array.from(word));
});

it('reports a disk that takes no more, and leaves nothing', async () => {
  const dir = newDir();
  // Files of this process and its children may grow to 64 KiB, as on a full disk.
  const child = runSlowPut(dir, ['bash', '-c', 'ulimit -f 64; exec "$0" "$@"']);
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) lines.push(line);
  assert.match(lines.at(-1)!, /^storage-failed true object slow\/object in .*: EFBIG/);
  assert.deepEqual(await readdir(join(dir, '~uploads')), []);
  assert.deepEqual(await listed(createFileObjectStore(dir), ''), new Map());
});

it('reports a folder that cannot be made, written to or read', async () => {
  const dir = newDir();
  await writeFile(dir, 'a file');
  const store = createFileObjectStore(dir);
  await rejects(store.put('a', word, 5), { retryable: true, message: /object a in/ });
  assert.equal(await store.get('a'), undefined);
  assert.deepEqual(await listed(store, ''), new Map());
});

it('cannot keep an object below another one', async () => {
  const store = createFileObjectStore(newDir());
  await store.put('a', word, 5);
  await rejects(store.put('a/b', word, 5), {});
  await store.put('b/c', word, 5);
  await rejects(store.put('b', word, 5), {});
  assert.deepEqual([...(await listed(store, '')).keys()].sort(), ['a', 'b/c']);
});

/** Prints `half` when half of the object is written, or what went wrong; writes until it is killed. */
function runSlowPut(dir: string, wrapper: readonly string[] = []) {
  const script = join(dirname(fileURLToPath(import.meta.url)), 'slow-put.js');
  const [command, ...args] = [...wrapper, process.execPath, script, dir];
  return spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}
