import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { commands } from '../../../services/cli/commands/index.js';
import { flagOf } from '../../../services/cli/options/option.js';
import { packageVersion } from '../../../services/common/version.js';
import { createCli, mainFile } from './run-cli.js';

test('help names every command and shows how to begin', async (t) => {
  const { code, stdout, stderr } = await (await createCli(t)).run(['--help']);
  assert.equal(code, 0);
  assert.equal(stderr, '');
  for (const { name } of commands) assert.match(stdout, new RegExp(`^  ${name} `, 'm'));
  assert.match(stdout, /neuroninspect scan model\.onnx --images clean\//);
});

for (const command of commands) {
  test(`${command.name} --help lists its options and gives examples`, async (t) => {
    const { code, stdout } = await (await createCli(t)).run([command.name, '--help']);
    assert.equal(code, 0);
    for (const [name, option] of Object.entries(command.options)) {
      assert.ok(stdout.includes(flagOf(name, option)), flagOf(name, option));
    }
    assert.match(stdout, new RegExp(`Examples:\\n  # .*\\n  neuroninspect ${command.name}\\b`));
  });
}

test('help of scan teaches precedence and exit codes', async (t) => {
  const { stdout } = await (await createCli(t)).run(['help', 'scan']);
  assert.match(stdout, /NEURONINSPECT_FAIL_ON=backdoored/);
  assert.match(stdout, /Exit codes: 0 all clean, 1 a finding/);
});

test('the version is that of the package', async (t) => {
  const { code, stdout } = await (await createCli(t)).run(['--version']);
  assert.equal(code, 0);
  assert.equal(stdout, `${packageVersion()}\n`);
  assert.match(stdout, /^\d+\.\d+\.\d+/);
});

test('without a command the help is shown and the exit code says usage', async (t) => {
  const { code, stderr } = await (await createCli(t)).run([]);
  assert.equal(code, 4);
  assert.match(stderr, /Usage: neuroninspect/);
});

test('help, version and completion load no native library and no parser', () => {
  // Every module is resolved through these hooks, so what is printed is what was loaded.
  const hooks = `data:text/javascript,${encodeURIComponent(
    `export async function resolve(specifier, context, next) {
       const found = await next(specifier, context);
       process._rawDebug(found.url);
       return found;
     }`,
  )}`;
  const register = `data:text/javascript,${encodeURIComponent(
    `import { register } from 'node:module'; register(${JSON.stringify(hooks)});`,
  )}`;
  for (const args of [['--help'], ['--version'], ['completion', 'bash'], ['scan', '--help']]) {
    const { stderr } = spawnSync(process.execPath, ['--import', register, mainFile, ...args], { encoding: 'utf8' });
    assert.match(stderr, /node_modules\/commander/, 'the hooks see what is loaded');
    assert.doesNotMatch(stderr, /node_modules\/(onnxruntime|sharp|zod|yaml|protobufjs|tinyglobby|cli-progress)/);
  }
});

const mistakes: readonly { args: readonly string[]; says: RegExp }[] = [
  { args: ['scna'], says: /Did you mean scan\?/ },
  { args: ['scan'], says: /missing required argument 'models'/ },
  { args: ['scan', 'm.onnx', '--imges', 'x'], says: /Did you mean --images\?/ },
  { args: ['scan', 'm.onnx'], says: /--images is missing/ },
  { args: ['scan', 'm.onnx', '--images', 'gone'], says: /gone: no such file or folder/ },
  { args: ['scan', 'm.onnx', '--images', 'x', '--workers', '-1'], says: /--workers must be a whole number/ },
  { args: ['scan', 'm.onnx', '--images', 'x', '--format', 'jsn'], says: /did you mean json\?/ },
  { args: ['scan', 'm.onnx', '--images', 'x', '--config', 'gone.yaml'], says: /gone\.yaml cannot be read/ },
  { args: ['scan', 'm.onnx', '--images', 'x', '--ignorefile', 'gone.yaml'], says: /gone\.yaml cannot be read/ },
  { args: ['scan', 'm.onnx', '--images', 'x', '-o', 'no/such/r.json'], says: /there is no folder no\/such/ },
  { args: ['scan', 'm.onnx', '--images', 'x', '-o', '.'], says: /cannot write \.: it is a folder/ },
  {
    args: ['scan', 'm.onnx', '--images', 'x', '-o', 'a', '--report', 'json=a'],
    says: /two reports would be written to/,
  },
  { args: ['explain', 'm.onnx', '--images', 'x', '-o', 'x.npz'], says: /--classes is missing/ },
  {
    args: ['explain', 'm.onnx', '--images', 'x', '--classes', '1', '-o', 'x.txt'],
    says: /ends in \.npz, \.png or \.html/,
  },
  {
    args: ['explain', 'm.onnx', '--images', 'x', '--classes', 'a', '-o', 'x.npz'],
    says: /--classes must be class indices/,
  },
  { args: ['completion', 'zhs'], says: /did you mean zsh\?/ },
];

for (const { args, says } of mistakes) {
  test(`"${args.join(' ')}" is a usage error: exit code 4, nothing on stdout`, async (t) => {
    const { code, stdout, stderr } = await (await createCli(t)).run(args);
    assert.equal(code, 4, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, says);
    assert.doesNotMatch(stderr, /^\s+at /m, 'no stack trace for a mistake of the user');
  });
}

const shells = [
  { shell: 'bash', parse: ['bash', '-n'] },
  { shell: 'zsh', parse: ['zsh', '-n'] },
  { shell: 'fish', parse: ['fish', '--no-execute'] },
] as const;

for (const { shell, parse } of shells) {
  test(`the ${shell} completion names every command and flag, and parses`, async (t) => {
    const { code, stdout } = await (await createCli(t)).run(['completion', shell]);
    assert.equal(code, 0);
    for (const command of commands) {
      assert.ok(stdout.includes(command.name));
      for (const [name, option] of Object.entries(command.options)) {
        const flag = flagOf(name, option);
        assert.ok(stdout.includes(shell === 'fish' ? `-l ${flag.slice(2)}` : flag), flag);
      }
    }
    const parsed = spawnSync(parse[0], parse.slice(1), { input: stdout, encoding: 'utf8' });
    if (parsed.error) {
      t.diagnostic(`${shell} is not installed, its script was not parsed`);
      return;
    }
    assert.equal(parsed.stderr, '');
    assert.equal(parsed.status, 0);
  });
}

const completions: readonly { words: readonly string[]; offers: string }[] = [
  { words: ['neuroninspect', 'sc'], offers: 'scan' },
  { words: ['neuroninspect', 'scan', '--fail'], offers: '--fail-on' },
  { words: ['neuroninspect', 'scan', '--fail-on', 'b'], offers: 'backdoored' },
  { words: ['neuroninspect', 'scan', 'm.onnx', '-f', 'sa'], offers: 'sarif' },
  { words: ['neuroninspect', 'completion', 'f'], offers: 'fish' },
];

test('bash offers commands, flags and values', async (t) => {
  const { stdout } = await (await createCli(t)).run(['completion', 'bash']);
  for (const { words, offers } of completions) {
    const script = `${stdout}
COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _neuroninspect; echo "\${COMPREPLY[@]}"`;
    assert.equal(spawnSync('bash', ['-c', script], { encoding: 'utf8' }).stdout.trim(), offers, words.join(' '));
  }
});
