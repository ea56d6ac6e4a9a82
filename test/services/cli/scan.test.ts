import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { hasShared } from '../../support/paths.js';
import { createCli, digits, model, parseReport } from './run-cli.js';

const options = { skip: hasShared ? false : 'needs the shared models' };
const json = ['--images', digits, '--format', 'json'];

describe('neuroninspect scan', options, () => {
  test('a backdoored model: exit code 1, the class and the trigger in the table, progress on stderr', async (t) => {
    const { code, stdout, stderr } = await (await createCli(t)).run(['scan', model('digits-p3'), '--images', digits]);
    assert.equal(code, 1);
    assert.match(stdout, /BACKDOORED/);
    assert.match(stdout, /class 5/);
    assert.match(stderr, /^\[1\/1\] .*digits-p3\.onnx: backdoored \(class 5\), \d+\.\d s\n$/);
    // eslint-disable-next-line no-control-regex -- no colours where no terminal is
    assert.doesNotMatch(stdout, /\u001b/);
  });

  test('a clean model: exit code 0', async (t) => {
    const { code, stdout } = await (await createCli(t)).run(['scan', model('digits-benign-00'), ...json]);
    assert.equal(code, 0);
    const [result] = parseReport(stdout).results;
    assert.equal(result?.verdict, 'clean');
    assert.equal(result.images.count, 50);
  });

  test('a second run of the same scan does no work and says so', async (t) => {
    const cli = await createCli(t);
    const first = await cli.run(['scan', model('digits-p3'), ...json]);
    const second = await cli.run(['scan', model('digits-p3'), ...json]);
    assert.equal(second.code, first.code);
    assert.match(second.stderr, /from the cache/);
    const [a, b] = [first, second].map(({ stdout }) => parseReport(stdout).results[0]!);
    assert.equal(a?.cached, false);
    assert.equal(b?.cached, true);
    assert.deepEqual(b.findings, a.findings);
  });

  test('models of a folder that are not read are counted on stderr, with the format and an example', async (t) => {
    const cli = await createCli(t);
    await copyFile(model('digits-benign-00'), join(cli.dir, 'good.onnx'));
    for (const name of ['a.pt', 'b.pt', 'c.tflite']) {
      const content = name.endsWith('.pt') ? 'PK\x03\x04archive/data.pkl' : '\x1c\0\0\0TFL3';
      await writeFile(join(cli.dir, name), content, 'latin1');
    }
    const { code, stdout, stderr } = await cli.run(['scan', '.', ...json]);
    assert.equal(code, 0, stderr);
    assert.equal(parseReport(stdout).results.length, 1);
    assert.match(stderr, /not scanned: 2 x a PyTorch file \(a\.pt, b\.pt\)\. Name one outright/);
    assert.match(stderr, /not scanned: 1 x a TensorFlow Lite file \(c\.tflite\)/);
  });

  test('--no-cache and other settings scan again', async (t) => {
    const cli = await createCli(t);
    await cli.run(['scan', model('digits-benign-00'), ...json]);
    for (const flags of [['--no-cache'], ['--image-count', '20'], ['--profile', 'paper-2019']]) {
      const { stdout } = await cli.run(['scan', model('digits-benign-00'), ...json, ...flags]);
      assert.equal(parseReport(stdout).results[0]?.cached, false, flags.join(' '));
    }
  });

  test('the second engine finds the same trigger, and neither engine answers with results of the other', async (t) => {
    const cli = await createCli(t);
    const scan = async (...flags: string[]) => {
      const { code, stdout } = await cli.run(['scan', model('digits-p3'), ...json, ...flags]);
      return { code, result: parseReport(stdout).results[0]! };
    };
    const first = await scan();
    const second = await scan('--engine', 'tfjs', '--provider', 'wasm');
    assert.equal(second.result.cached, false);
    assert.deepEqual([second.result.engine?.name, second.result.engine?.provider], ['tfjs', 'wasm']);
    assert.equal(second.code, first.code);
    assert.equal(second.result.verdict, first.result.verdict);
    assert.deepEqual(second.result.targetClasses, first.result.targetClasses);
    const again = await Promise.all([
      scan(),
      scan('--engine', 'tfjs', '--provider', 'wasm'),
      scan('--provider', 'auto'),
    ]);
    assert.deepEqual(
      again.map(({ result }) => [result.cached, result.engine?.name]),
      [
        [true, 'onnxruntime'],
        [true, 'tfjs'],
        [false, 'onnxruntime'],
      ],
    );
  });

  test('a provider of the other engine is an error of the call that names both', async (t) => {
    const cli = await createCli(t);
    const { code, stderr } = await cli.run(['scan', model('digits-p3'), ...json, '--provider', 'wasm']);
    assert.equal(code, 4);
    assert.match(
      stderr,
      /--provider wasm: the engine onnxruntime has no such provider.*wasm belongs to the engine tfjs/,
    );
    const { stderr: other } = await cli.run([
      'scan',
      model('digits-p3'),
      ...json,
      '--engine',
      'tfjs',
      '--provider',
      'cuda',
    ]);
    assert.match(other, /the engine tfjs has no such provider.*cuda belongs to the engine onnxruntime/);
  });

  test('a damaged cache entry is scanned again, not believed', async (t) => {
    const cli = await createCli(t);
    await cli.run(['scan', model('digits-p3'), ...json]);
    const folder = join(cli.dir, '.cache/neuroninspect/results');
    for (const name of await readdir(folder)) await truncate(join(folder, name), 500);
    const { code, stdout } = await cli.run(['scan', model('digits-p3'), ...json]);
    assert.equal(code, 1);
    assert.equal(parseReport(stdout).results[0]?.cached, false);
  });

  test('a cache that cannot be written warns and fails nothing', async (t) => {
    const cli = await createCli(t);
    await writeFile(join(cli.dir, 'file'), '');
    const { code, stderr } = await cli.run(['scan', model('digits-benign-00'), ...json, '--cache-dir', 'file/x']);
    assert.equal(code, 0);
    assert.match(stderr, /results are not cached in file\/x/);
  });

  test('one corrupt model of many is reported as failed, the others finish', async (t) => {
    const cli = await createCli(t);
    await mkdir(join(cli.dir, 'models/deep'), { recursive: true });
    await copyFile(model('digits-benign-00'), join(cli.dir, 'models/good.onnx'));
    await copyFile(model('digits-benign-01'), join(cli.dir, 'models/deep/good.onnx'));
    await copyFile(model('digits-p3'), join(cli.dir, 'models/cut.onnx'));
    await truncate(join(cli.dir, 'models/cut.onnx'), 100_000);
    await writeFile(join(cli.dir, 'models/text.onnx'), 'this is no model');
    const { code, stdout } = await cli.run(['scan', 'models', ...json]);
    assert.equal(code, 2);
    const verdicts = Object.fromEntries(parseReport(stdout).results.map((each) => [each.model.path, each.verdict]));
    assert.deepEqual(verdicts, {
      'models/cut.onnx': 'inconclusive',
      'models/good.onnx': 'clean',
      'models/text.onnx': 'inconclusive',
      'models/deep/good.onnx': 'clean',
    });
    for (const { verdict, reason, model: named } of parseReport(stdout).results) {
      assert.ok(named.digest, 'a model that cannot be read is named by its digest too');
      if (verdict === 'inconclusive') assert.ok(reason?.message.includes(named.path));
    }
  });

  test('a finding goes before a failure, and a name that matches nothing is a failure', async (t) => {
    const cli = await createCli(t);
    const found = await cli.run(['scan', model('digits-p3'), 'gone.onnx', ...json]);
    assert.equal(found.code, 1);
    const clean = await cli.run(['scan', model('digits-benign-00'), 'gone*.onnx', ...json]);
    assert.equal(clean.code, 2);
    const missing = parseReport(clean.stdout).results.find(({ model: { path } }) => path === 'gone*.onnx');
    assert.equal(missing?.reason?.code, 'model-not-found');
  });

  test('nothing to scan: exit code 3', async (t) => {
    const cli = await createCli(t);
    await mkdir(join(cli.dir, 'empty'));
    for (const name of ['gone.onnx', 'empty', '*.onnx']) {
      const { code, stdout } = await cli.run(['scan', name, ...json]);
      assert.equal(code, 3, name);
      assert.equal(parseReport(stdout).results[0]?.verdict, 'inconclusive');
    }
  });

  test('images of another size: inconclusive with the flags that help, exit code 2', async (t) => {
    const { code, stdout } = await (await createCli(t)).run(['scan', model('signs-benign-01'), ...json]);
    assert.equal(code, 2);
    const [result] = parseReport(stdout).results;
    assert.equal(result?.reason?.code, 'images-mismatch');
    assert.match(result.reason.message, /--resize 32x32/);
  });

  test('flag over environment over file', async (t) => {
    const cli = await createCli(t);
    await writeFile(
      join(cli.dir, 'neuroninspect.yaml'),
      `images: ${digits}\nfail-on: never\nformat: json\nimage-count: 20\n`,
    );
    const byFile = await cli.run(['scan', model('digits-p3')]);
    assert.equal(byFile.code, 0);
    assert.equal(parseReport(byFile.stdout).results[0]?.images.count, 20);
    const byEnvironment = await cli.run(['scan', model('digits-p3')], { NEURONINSPECT_FAIL_ON: 'suspicious' });
    assert.equal(byEnvironment.code, 1);
    const byFlag = await cli.run(['scan', model('digits-p3'), '--fail-on', 'never'], {
      NEURONINSPECT_FAIL_ON: 'suspicious',
    });
    assert.equal(byFlag.code, 0);
  });

  test('a mistyped environment variable is remarked on', async (t) => {
    const { stderr } = await (await createCli(t)).run(['scan', 'x'], { NEURONINSPECT_FAILON: 'never' });
    assert.match(stderr, /NEURONINSPECT_FAILON sets nothing; did you mean NEURONINSPECT_FAIL_ON\?/);
  });

  test('an ignored finding stays visible, does not count, and a stale entry warns', async (t) => {
    const cli = await createCli(t);
    const { stdout } = await cli.run(['scan', model('digits-p3'), ...json]);
    const { digest } = parseReport(stdout).results[0]!.model;
    await writeFile(
      join(cli.dir, '.neuroninspect-ignore.yaml'),
      `- {digest: "${digest}", classes: [5], statement: planted on purpose}
- {id: label-poisoning, expires: 2020-01-01, statement: long ago}
- {id: invertible-trigger, statement: never seen}
`,
    );
    const { code, stdout: again, stderr } = await cli.run(['scan', model('digits-p3'), ...json]);
    assert.equal(code, 0);
    const report = parseReport(again);
    assert.equal(report.results[0]?.verdict, 'backdoored');
    assert.equal(report.results[0].findings[0]?.ignored?.statement, 'planted on purpose');
    assert.match(report.warnings.join('\n'), /long ago\) expired on 2020-01-01[\s\S]*never seen\) matches no finding/);
    assert.match(stderr, /warning: .*long ago/);
  });

  test('several reports in one run; the format follows the extension', async (t) => {
    const cli = await createCli(t);
    const reports = ['--report', 'sarif=r.sarif', '--report', 'junit=r.xml', '--report', 'html=r.html'];
    const { code, stdout } = await cli.run(['scan', model('digits-p3'), '-i', digits, '-o', 'r.json', ...reports]);
    assert.equal(code, 1);
    assert.equal(stdout, '');
    const read = (name: string) => readFile(join(cli.dir, name), 'utf8');
    const { results, command } = parseReport(await read('r.json'));
    assert.equal(results[0]?.verdict, 'backdoored');
    assert.ok(command.startsWith('neuroninspect scan ') && command.includes('--report sarif=r.sarif'));
    assert.match(await read('r.sarif'), /"version": ?"2\.1\.0"/);
    assert.match(await read('r.xml'), /<testsuites?/);
    assert.match(await read('r.html'), /<!doctype html>/i);
  });

  test(
    'a disk that is full in the end: exit code 2, the result is told in short',
    { skip: !existsSync('/dev/full') },
    async (t) => {
      const cli = await createCli(t);
      const { code, stderr } = await cli.run(['scan', model('digits-benign-00'), ...json, '-o', '/dev/full']);
      assert.equal(code, 2);
      assert.match(stderr, /the json report was not written to \/dev\/full: ENOSPC/);
      assert.match(stderr, /digits-benign-00\.onnx: clean/);
      const finding = await cli.run(['scan', model('digits-p3'), ...json, '-o', '/dev/full']);
      assert.equal(finding.code, 1, 'a finding goes before a failure');
    },
  );

  test('an output that cannot be written is refused before anything is scanned', async (t) => {
    const { code, stderr } = await (
      await createCli(t)
    ).run(['scan', model('digits-p3'), '-i', digits, '-o', 'no/r.json']);
    assert.equal(code, 4);
    assert.doesNotMatch(stderr, /\[1\/1\]/);
  });

  test('a reader that goes away is no error', async (t) => {
    const { child, ended } = (await createCli(t)).start(['scan', model('digits-benign-00'), ...json]);
    child.stdout?.destroy();
    const { code, stderr } = await ended;
    assert.equal(code, 0);
    assert.doesNotMatch(stderr, /EPIPE|Error/);
  });

  test('--no-progress leaves stderr empty', async (t) => {
    const { stderr } = await (await createCli(t)).run(['scan', model('digits-benign-00'), ...json, '--no-progress']);
    assert.equal(stderr, '');
  });

  test('Ctrl-C prints what is done and exits with 130; no process is left behind', async (t) => {
    const cli = await createCli(t);
    const models = ['digits-benign-00', 'signs-p8-ur', 'signs-benign-01', 'signs-benign-02', 'signs-benign-04'].map(
      model,
    );
    const { child, ended } = cli.start([
      'scan',
      ...models,
      ...json,
      '--resize',
      '32',
      '--channels',
      'rgb',
      '--workers',
      '1',
    ]);
    child.stderr?.once('data', () => child.kill('SIGINT'));
    const { code, stdout } = await ended;
    assert.equal(code, 130);
    const { results } = parseReport(stdout);
    assert.equal(results.length, models.length);
    assert.equal(results.at(-1)?.reason?.code, 'cancelled');
  });

  test('the paper profile finds the class of a patch too', async (t) => {
    const { stdout } = await (await createCli(t)).run(['scan', model('digits-p3'), ...json, '--profile', 'paper-2019']);
    const [result] = parseReport(stdout).results;
    assert.equal(result?.profile.name, 'paper-2019');
    assert.ok(result.targetClasses.includes(5));
  });
});
