import { exceptionOf, exceptions } from './exceptions.js';
import type { Outcome } from './outcome.js';
import { stages, type Stage } from './stages.js';

export type Outcomes = ReadonlyMap<
  string,
  { readonly op: string; readonly outcomes: Readonly<Record<Stage, Outcome>> }
>;

/** Per op and stage: how many cases passed, of how many that were tried. */
export type Counts = Readonly<Record<string, Readonly<Record<Stage, readonly [passed: number, tried: number]>>>>;

const names = Object.keys(stages) as Stage[];

export function countsOf(results: Outcomes): Counts {
  const counts: Record<string, Record<Stage, [number, number]>> = {};
  for (const { op, outcomes } of [...results.values()].sort((a, b) => (a.op < b.op ? -1 : a.op > b.op ? 1 : 0))) {
    counts[op] ??= Object.fromEntries(names.map((stage) => [stage, [0, 0]])) as Record<Stage, [number, number]>;
    for (const stage of names) {
      const { kind } = outcomes[stage];
      if (kind === 'passed') counts[op][stage][0]++;
      if (kind !== 'absent') counts[op][stage][1]++;
    }
  }
  return counts;
}

export function pageOf(results: Outcomes, refused: ReadonlyMap<string, string>, version: string): string {
  const counts = countsOf(results);
  const rows = Object.entries(counts).map(([op, row]) => {
    const cases = [...results.values()].filter((result) => result.op === op).length;
    return `| ${[op, cases, ...names.map((stage) => cell(row[stage]))].join(' | ')} |`;
  });
  const totals = names.map((stage) => {
    const sum = (at: 0 | 1) => Object.values(counts).reduce((total, row) => total + row[stage][at], 0);
    return cell([sum(0), sum(1)]);
  });
  const head = ['operator', 'cases', ...names.map((stage) => stages[stage])];
  return `# Conformance

The node tests of the ONNX project, version ${version}, on everything here that claims to know an operator. This page is written by the test that runs them (\`UPDATE_GOLDENS=1 npm test -- conformance\`), which fails when a number changes. \`12\` is twelve cases passed, \`10 of 12\` two refused by the program with a reason or listed below, \`-\` not claimed.

- **onnxruntime**: read by our decoder, written by our encoder, run by ONNX Runtime.
- **shapes**: types and shapes of the outputs as the compiler infers them.
- **folded**: computed by the compiler, where all inputs are constant.
- **upgraded**: with fixed shapes and all inputs but the first constant, rewritten in the forms of opset 21, run by ONNX Runtime.
- **tfjs**: the same program, run by the interpreter on TensorFlow.js, plain JavaScript and WebAssembly.

| ${head.join(' | ')} |
| ${head.map(() => '---').join(' | ')} |
${rows.join('\n')}
| all | ${results.size} | ${totals.join(' | ')} |

## Other numbers

${exceptions.map(({ reason, cases }) => `- ${reason} (${matching(results, cases).join(', ')})`).join('\n')}

## Refused

${reasonsOf(results).join('\n')}

${refused.size} cases pass sequences or optional values in or out, which no graph here holds.
`;
}

function cell([good, tried]: readonly [number, number]): string {
  if (tried === 0) return '-';
  return good === tried ? String(good) : `${good} of ${tried}`;
}

function matching(results: Outcomes, cases: RegExp): string[] {
  return [...results]
    .filter(([name, { outcomes }]) => cases.test(name) && names.some((stage) => outcomes[stage].kind === 'failed'))
    .map(([name]) => `\`${name}\``);
}

/** One line per operator and reason, without what names the single case. */
function reasonsOf(results: Outcomes): string[] {
  const lines = new Map<string, Set<string>>();
  for (const [name, { op, outcomes }] of results) {
    for (const stage of names) {
      const outcome = outcomes[stage];
      if (outcome.kind !== 'refused' || exceptionOf(name, stage)) continue;
      const reason = outcome.reason
        .replace(/^.*?node [^()]*\((\w+)(, opset \d+)?\):? /, '$1 ')
        .replace(/ \(input "[^"]*"\)/, '')
        .replace(/^tfjs failed in program '[^']*': /, '')
        .replace(/[;:] export .*$/, '');
      const line = `- ${op}: ${reason}`;
      lines.set(line, (lines.get(line) ?? new Set()).add(stages[stage]));
    }
  }
  return [...lines].sort(([a], [b]) => (a < b ? -1 : 1)).map(([line, where]) => `${line} (${[...where].join(', ')})`);
}
