import {
  configOption,
  doctorOptions,
  explainOptions,
  inspectOptions,
  scanOptions,
  submitOptions,
} from '../options/index.js';
import type { CommandSpec } from './command.js';

const scan: CommandSpec = {
  name: 'scan',
  summary: 'judge models: clean, suspicious, backdoored or inconclusive',
  description:
    'Judges image classifiers with the help of a few clean images. Fifty images with labels are plenty; without labels ' +
    'the preprocessing cannot be checked.',
  argument: { syntax: '<models...>', description: 'model files, archives, folders (searched recursively) and globs' },
  options: { ...scanOptions, config: configOption },
  configurable: true,
  examples: [
    { line: 'scan model.onnx --images clean/', what: 'one model, the verdict on the terminal' },
    { line: 'scan models/ --images clean/ --report html=report.html', what: 'all models of a folder, with evidence' },
    { line: "scan 'zoo/*.onnx' --images clean.npz --format sarif -o out.sarif", what: 'for code scanning' },
    { line: 'scan m.onnx -i clean/ --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225', what: 'ImageNet inputs' },
    { line: 'scan m.onnx -i clean/ --fail-on backdoored --format json | jq .', what: 'a gate in CI' },
  ],
  notes:
    'Every option can also be set in neuroninspect.yaml by its name (fail-on: backdoored) or in the environment\n' +
    '(NEURONINSPECT_FAIL_ON=backdoored). A flag goes before the environment, the environment before the file.\n\n' +
    'Exit codes: 0 all clean, 1 a finding at or above --fail-on, 2 a scan failed or was inconclusive,\n' +
    '3 nothing scannable, 4 wrong usage, 130 interrupted.',
  load: async () => (await import('./scan.js')).scan,
};

const submit: CommandSpec = {
  name: 'submit',
  summary: 'have models judged by the pipeline: the verdicts of scan, computed elsewhere',
  description:
    'Sends models and clean images to the pipeline and waits for the verdicts. Reports and exit codes are those of ' +
    'scan. A model that the pipeline has judged with the same images and settings is not computed again.',
  argument: { syntax: '<models...>', description: 'model files, archives, folders (searched recursively) and globs' },
  options: { ...submitOptions, config: configOption },
  configurable: true,
  examples: [
    {
      line: 'submit m.onnx -i clean/ --object-store s3://models --temporal-address temporal:7233',
      what: 'one model, as a gate',
    },
    { line: 'submit models/ -i clean/ --lane fleet --timeout 8h --format json -o all.json', what: 'many, overnight' },
    { line: 'submit models/ -i clean/ --lane fleet --no-wait', what: 'leave them to the pipeline' },
  ],
  notes:
    'Where the pipeline is can be set once, in neuroninspect.yaml (object-store: s3://models) or in the environment\n' +
    '(NEURONINSPECT_OBJECT_STORE, NEURONINSPECT_TEMPORAL_ADDRESS, NEURONINSPECT_TEMPORAL_NAMESPACE). Credentials of S3\n' +
    'are read from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.\n\n' +
    'Exit codes: as of scan; 2 also where the pipeline cannot be reached.',
  load: async () => (await import('./submit.js')).submit,
};

const inspect: CommandSpec = {
  name: 'inspect',
  summary: 'what a scan would make of models, without images: operators, gradients, work, oddities of the file',
  description:
    'Reads models without running them and says what is in them, whether they can be scanned and what a scan would do. ' +
    'Static checks look for damaged weights, custom operators and data that does not belong there.',
  argument: { syntax: '<models...>', description: 'model files, archives, folders (searched recursively) and globs' },
  options: { ...inspectOptions, config: configOption },
  configurable: true,
  examples: [
    { line: 'inspect model.onnx', what: 'one model' },
    {
      line: "inspect models/ --format json | jq '.models[] | select(.obstacle)'",
      what: 'those that cannot be scanned',
    },
  ],
  notes:
    'What the static checks find changes no verdict of scan, and --fail-on does not count it.\n\n' +
    'Exit codes: 0 every model can be scanned, 1 a static check found an error, 2 a model cannot be scanned,\n' +
    '3 no model can, 4 wrong usage, 130 interrupted.',
  load: async () => (await import('./inspect.js')).inspect,
};

const explain: CommandSpec = {
  name: 'explain',
  summary: 'heat maps and gradients of chosen classes of one model',
  description:
    'Computes logits, input gradients and saliency maps of one model for chosen classes. Images from an .npy or .npz ' +
    "file are taken as the model's input, as it is.",
  argument: { syntax: '<model>', description: 'a model: a file, a folder or an archive' },
  options: { ...explainOptions, config: configOption },
  configurable: true,
  examples: [
    { line: 'explain m.onnx --images x.npy --classes 3,7 --output maps.npz', what: 'arrays for numpy' },
    { line: 'explain m.onnx --images clean/ --classes 0,1,2 --output maps.html', what: 'to look at' },
    { line: 'explain m.onnx --images clean/ --classes 5 --rule guided -o maps/', what: 'everything, in a folder' },
  ],
  notes:
    'The .npz file holds logits (images x all classes), gradients (images x chosen classes x input shape, un-clipped)\n' +
    'and heatmaps (images x chosen classes x height x width, each scaled to 0..1).',
  load: async () => (await import('./explain.js')).explain,
};

const doctor: CommandSpec = {
  name: 'doctor',
  summary: 'what works on this machine, what is missing and how to get it',
  description:
    'Tries the engine and each provider, and names limits and folders. Exits with 0 when models can be scanned.',
  options: doctorOptions,
  configurable: false,
  examples: [
    { line: 'doctor', what: 'for a person' },
    { line: 'doctor --format json', what: 'for a bug report or a script' },
  ],
  load: async () => (await import('./doctor.js')).doctor,
};

const completion: CommandSpec = {
  name: 'completion',
  summary: 'print a completion script for a shell',
  description: 'Prints a script that makes a shell complete commands, flags and their values.',
  argument: { syntax: '<shell>', description: 'bash, zsh or fish', choices: ['bash', 'zsh', 'fish'] },
  options: {},
  configurable: false,
  examples: [
    { line: 'completion bash > ~/.local/share/bash-completion/completions/neuroninspect', what: 'bash' },
    { line: 'completion zsh > ~/.zfunc/_neuroninspect', what: 'zsh, with ~/.zfunc in $fpath' },
    { line: 'completion fish > ~/.config/fish/completions/neuroninspect.fish', what: 'fish' },
  ],
  load: async () => (await import('./completion.js')).completion,
};

export const commands: readonly CommandSpec[] = [scan, submit, explain, inspect, doctor, completion];
