import { readRows, type Row } from './rows.js';

/** Prints what `sweep.js` wrote as Markdown: `node dist/lab/pytorch-sweep/table.js RESULTS...` */
const rows = readRows(process.argv.slice(2));
const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];
const columns = unique(rows.flatMap(({ exporter, engine }) => (engine ? `${exporter}, ${engine}` : []))).sort();

console.log(`| ${['model', 'image', 'PyTorch in float32', ...columns].join(' | ')} |`);
console.log(`| ${new Array(columns.length + 3).fill('---').join(' | ')} |`);
for (const model of unique(rows.map((row) => row.model))) {
  const own = rows.filter((row) => row.model === model);
  const n = own.find(({ numbers }) => numbers)?.numbers;
  const cells = columns.map((column) => cell(own, column));
  console.log(`| ${[model, n?.image ?? '', n ? pair(n.ownLogits, n.ownGradients) : '', ...cells].join(' | ')} |`);
}

for (const row of rows.filter(({ why }) => why))
  console.log(`- ${row.model}, ${row.exporter}${row.engine ? `, ${row.engine}` : ''}: ${row.verdict}, ${row.why}`);
for (const verdict of unique(rows.map((row) => row.verdict)))
  console.log(`\n${verdict}: ${rows.filter((row) => row.verdict === verdict).length}`);
for (const engine of unique(rows.flatMap((row) => row.engine ?? []))) {
  const ran = rows.filter((row) => row.engine === engine && row.numbers);
  console.log(
    `\n${engine}, programs of ${ran.length} exports: ${listed(ran.flatMap(({ programOps = [] }) => programOps))}`,
  );
}
console.log(`\nin the files: ${listed(rows.flatMap(({ ops = [] }) => ops))}`);

function cell(own: readonly Row[], column: string): string {
  const row =
    own.find(({ exporter, engine }) => `${exporter}, ${engine}` === column) ??
    own.find(({ exporter, engine }) => engine === undefined && column.startsWith(`${exporter},`));
  if (!row?.numbers) return row?.verdict ?? '';
  const { logits, gradients } = row.numbers;
  return pair(logits, gradients) + (row.verdict === 'pass' ? '' : ` ${row.verdict}`);
}

function pair(logits: number, gradients: number): string {
  return [logits, gradients].map((value) => (value === 0 ? '0' : value.toExponential(0))).join(', ');
}

function listed(names: readonly string[]): string {
  const sorted = unique(names).sort();
  return `${sorted.length} operators: ${sorted.join(', ')}`;
}
