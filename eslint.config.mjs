import eslint from '@eslint/js';
import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/** Who may import whom; ARCHITECTURE.md says why. Everything not listed is refused. */
const directions = [
  { from: 'proto', to: ['proto'] },
  { from: 'core', to: ['core'] },
  { from: 'adapters', to: ['adapters', 'core', 'proto'] },
  { from: 'workflows', to: ['workflows', 'core'] },
  { from: 'services', to: ['services', 'workflows', 'adapters', 'core', 'proto'] },
  { from: 'lab', to: ['lab', 'services', 'workflows', 'adapters', 'core', 'proto'] },
];
const folders = ['proto', 'core', 'adapters', 'workflows', 'services', 'lab', 'bench', 'scripts', 'test'];

/** Processes: each may use `services/common`, none another one. */
const processes = ['cli', 'worker', 'reducer', 'orchestrator'];
const betweenProcesses = ['common', ...processes].flatMap((from) =>
  processes
    .filter((process) => process !== from)
    .map((process) => ({
      target: `./services/${from}`,
      from: `./services/${process}`,
      message: `services/${from} must not import services/${process}`,
    })),
);

const zones = directions.flatMap(({ from, to }) =>
  folders
    .filter((folder) => !to.includes(folder))
    .map((folder) => ({ target: `./${from}`, from: `./${folder}`, message: `${from}/ must not import ${folder}/` })),
);

export default tseslint.config(
  { ignores: ['dist/**', '.build/**', '.cache/**', 'proto/gen/**', 'node_modules/**'] },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    plugins: { 'import-x': importX },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    settings: {
      'import-x/resolver-next': [importX.createNodeResolver({ extensionAlias: { '.js': ['.ts', '.js'] } })],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
    },
    rules: {
      'import-x/no-restricted-paths': ['error', { zones: [...zones, ...betweenProcesses] }],
      // Cycles inside packages are not ours, and some bundles are too deep for the parser.
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      'import-x/no-unassigned-import': 'error',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/restrict-template-expressions': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  {
    // The core is pure: no I/O, clock, environment or randomness.
    files: ['core/**/*.ts'],
    rules: {
      'no-restricted-imports': ['error', { patterns: [{ regex: '^[^.]', message: 'core/ imports only core/' }] }],
      'no-restricted-globals': [
        'error',
        'process',
        'Buffer',
        'console',
        'fetch',
        'setTimeout',
        'setInterval',
        'performance',
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random' },
        { object: 'Date', property: 'now' },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', name: ['test', 'suite', 'describe', 'it'], package: 'node:test' },
          ],
        },
      ],
    },
  },
);
