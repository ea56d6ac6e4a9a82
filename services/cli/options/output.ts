import type { Option, OptionTable } from './option.js';
import { oneOf } from './option.js';

/** The report formats by name; `core/report` renders them. */
export const formatNames = ['table', 'json', 'sarif', 'junit', 'html', 'markdown'] as const;
export type FormatName = (typeof formatNames)[number];

export interface ReportTarget {
  readonly format: FormatName;
  readonly file: string;
}

export const detectionOptions = {
  profile: {
    group: 'Detection',
    description:
      'How models are judged: cascade-1 confirms by trigger inversion, paper-2019 is the paper as published.',
    value: 'NAME',
    default: 'cascade-1',
    ...oneOf(['cascade-1', 'paper-2019']),
  } satisfies Option<'cascade-1' | 'paper-2019'>,
  failOn: {
    group: 'Detection',
    description: 'The least serious finding that makes the exit code 1.',
    value: 'LEVEL',
    default: 'suspicious',
    ...oneOf(['suspicious', 'backdoored', 'never']),
  } satisfies Option<'suspicious' | 'backdoored' | 'never'>,
  ignorefile: {
    group: 'Detection',
    description: 'Findings that are known and accepted.',
    kind: 'text',
    value: 'FILE',
    expects: 'a path',
    defaultText: '.neuroninspect-ignore.yaml where there is one',
    schema: (z) => z.string().min(1).optional(),
  } satisfies Option<string | undefined>,
} as const satisfies OptionTable;

export const outputOptions = {
  format: {
    group: 'Output',
    description: 'Format of the report.',
    value: 'FORMAT',
    short: 'f',
    defaultText: "as --output's extension says, else table",
    ...oneOf(formatNames),
    schema: (z) => z.enum(formatNames).optional(),
  } satisfies Option<FormatName | undefined>,
  output: {
    group: 'Output',
    description: 'Write the report to a file.',
    kind: 'text',
    value: 'FILE',
    short: 'o',
    expects: 'a path',
    defaultText: 'stdout',
    schema: (z) => z.string().min(1).optional(),
  } satisfies Option<string | undefined>,
  report: {
    group: 'Output',
    description: 'Write one more report; may be given several times.',
    kind: 'texts',
    value: 'FORMAT=FILE',
    expects: `FORMAT=FILE with one of ${formatNames.join(', ')}`,
    default: [],
    schema: (z) =>
      z.array(
        z
          .string()
          .regex(new RegExp(`^(${formatNames.join('|')})=.+$`))
          .transform((text): ReportTarget => {
            const [format = '', ...file] = text.split('=');
            return { format: format as FormatName, file: file.join('=') };
          }),
      ),
  } satisfies Option<ReportTarget[]>,
  progress: {
    group: 'Output',
    description: 'Show no progress.',
    kind: 'boolean',
    expects: 'true or false',
    default: true,
    schema: (z) => z.boolean(),
  } satisfies Option<boolean>,
  color: {
    group: 'Output',
    description: 'Print no colours; NO_COLOR has the same effect.',
    kind: 'boolean',
    expects: 'true or false',
    default: true,
    schema: (z) => z.boolean(),
  } satisfies Option<boolean>,
} as const satisfies OptionTable;

/** `result.json` is meant to be JSON. */
export function formatOf(file: string): FormatName | undefined {
  const byExtension: Readonly<Record<string, FormatName>> = {
    json: 'json',
    sarif: 'sarif',
    xml: 'junit',
    html: 'html',
    htm: 'html',
    md: 'markdown',
    txt: 'table',
  };
  return byExtension[/\.([^./\\]+)$/.exec(file)?.[1]?.toLowerCase() ?? ''];
}
