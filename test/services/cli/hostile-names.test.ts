import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { createProgress } from '../../../services/cli/progress/index.js';
import { exampleImages } from '../../support/pipeline.js';
import { createCli } from './run-cli.js';

/** Would set the title of the terminal's window and hide the line. */
const name = 'model\u001b]0;owned\u0007\u001b[2K.onnx';
const obeyed = '\u001b]0;';

test('a file name that a terminal would obey is shown, not obeyed, wherever it comes up', async (t) => {
  const cli = await createCli(t);
  const path = join(cli.dir, name);
  await writeFile(path, 'no model');
  for (const args of [
    ['scan', path, '--images', exampleImages, '--no-cache'],
    ['scan', path, '--images', exampleImages, '--no-cache', '--format', 'json'],
    ['scan', path, '--images', join(cli.dir, `no ${name}`)],
    ['explain', path, '--classes', '1', '--images', exampleImages, '--output', join(cli.dir, 'out')],
  ]) {
    const { stdout, stderr } = await cli.run(args);
    assert.ok(!stdout.includes(obeyed), JSON.stringify(stdout));
    assert.ok(!stderr.includes(obeyed), JSON.stringify(stderr));
    assert.match(stdout + stderr, /owned/);
  }
});

test('nor does the progress obey it, on a terminal or in a log', async () => {
  for (const isTTY of [true, false]) {
    const stream = Object.assign(new PassThrough(), { isTTY, columns: 200 });
    const chunks: string[] = [];
    stream.on('data', (chunk) => chunks.push(String(chunk)));
    const progress = await createProgress(stream as unknown as NodeJS.WriteStream, {
      models: 1,
      wanted: true,
      dumb: false,
    });
    progress.update({ path: name, stage: 'saliency', done: 1, total: 2 });
    progress.note(`${name}: a remark`);
    progress.stop();
    assert.match(chunks.join(''), /owned/);
    assert.ok(!chunks.join('').includes(obeyed), JSON.stringify(chunks.join('')));
  }
});
