export interface Measured {
  readonly models: number;
  readonly verdicts: number;
  /** Models whose verdict is not the embedded scanner's, bit for bit. */
  readonly different: readonly string[];
  readonly seconds: number;
  /** Latencies of scans that had the pipeline for themselves, seconds. */
  readonly alone: readonly number[];
  /** Latencies of the fleet, which was submitted at once, seconds. */
  readonly latencies: readonly number[];
  readonly cpu: {
    readonly services: readonly Share[];
    readonly servers: readonly Share[];
    readonly submit: number;
  };
  readonly embedded: { readonly seconds: number; readonly cpuSeconds: number };
  /** CPU seconds per second while nothing was submitted. */
  readonly idle: { readonly services: readonly Share[]; readonly servers: readonly Share[] };
  readonly engine: {
    readonly busySeconds: number;
    readonly slots: number;
    readonly tasks: number;
    /** Tasks that had to open their model. */
    readonly opened: number;
  };
  readonly memory: readonly MemorySample[];
  readonly storage: StoragePerScan;
}

/** Means over all scans of the run. */
export interface StoragePerScan {
  readonly historyEvents: number;
  readonly historyBytes: number;
  readonly databaseRows: number;
  readonly databaseBytes: number;
  /** Those of idle services included. */
  readonly databaseTransactions: number;
  /** Write-ahead log; the server's own databases included. */
  readonly databaseLogBytes: number;
  readonly kafkaBytes: number;
  /** Models and images included. */
  readonly objectBytes: number;
}

interface Share {
  readonly name: string;
  readonly seconds: number;
}

export interface MemorySample {
  readonly seconds: number;
  readonly services: readonly { readonly name: string; readonly bytes: number }[];
}

export function printReport(measured: Measured): void {
  const { models, verdicts, different, seconds, alone, latencies, cpu, idle, embedded, engine, memory, storage } =
    measured;
  const services = cpu.services.reduce((sum, share) => sum + share.seconds, 0);
  const servers = cpu.servers.reduce((sum, share) => sum + share.seconds, 0);
  const idling = (shares: readonly Share[]): string =>
    shares.map(({ name, seconds: one }) => `${name} ${(1000 * one).toFixed(0)}`).join(', ');
  const perScan = (value: number): string => `${((1000 * value) / models).toFixed(0)} ms`;
  const ratio = (value: number): string => (value / embedded.cpuSeconds).toFixed(2);
  const rows: readonly (readonly [string, string])[] = [
    ['models', `${models}, verdicts ${verdicts}, other than embedded ${different.length}`],
    [
      'models per minute',
      `${((60 * models) / seconds).toFixed(0)} (embedded ${((60 * models) / embedded.seconds).toFixed(0)})`,
    ],
    ['latency alone, p50 and p99', `${quantile(alone, 0.5)} and ${quantile(alone, 0.99)} s`],
    ['latency in the fleet, p50 and p99', `${quantile(latencies, 0.5)} and ${quantile(latencies, 0.99)} s`],
    ['engine busy', `${((100 * engine.busySeconds) / (engine.slots * seconds)).toFixed(0)} % of ${engine.slots} slots`],
    [
      'tasks per scan',
      `${(engine.tasks / models).toFixed(2)}, of which ${(engine.opened / models).toFixed(2)} open their model`,
    ],
    ['CPU per scan, embedded', perScan(embedded.cpuSeconds)],
    ['CPU per scan, services', `${perScan(services)}, ${ratio(services)} times embedded`],
    ...cpu.services.map(({ name, seconds: one }) => [`  ${name}`, perScan(one)] as const),
    ['CPU per scan, submit', perScan(cpu.submit)],
    ['CPU per scan, servers', perScan(servers)],
    ...cpu.servers.map(({ name, seconds: one }) => [`  ${name}`, perScan(one)] as const),
    [
      'CPU per scan, all',
      `${perScan(services + servers + cpu.submit)}, ${ratio(services + servers + cpu.submit)} times embedded`,
    ],
    ['CPU when idle, ms per second', `${idling(idle.services)}, ${idling(idle.servers)}`],
    ...memoryRows(memory),
    ['history per scan', `${storage.historyEvents.toFixed(0)} events, ${kib(storage.historyBytes)}`],
    [
      'database per scan',
      `${storage.databaseRows.toFixed(1)} rows, ${kib(storage.databaseBytes)}, ` +
        `${storage.databaseTransactions.toFixed(0)} transactions, ${kib(storage.databaseLogBytes)} of log`,
    ],
    ['Kafka per scan', kib(storage.kafkaBytes)],
    ['object store per scan', kib(storage.objectBytes)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  for (const [name, value] of rows) console.log(`${name.padEnd(width)}  ${value}`);
  for (const path of different) console.log(`other verdict: ${path}`);
}

const kib = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`;

/** Means of the second and of the last quarter of the run: they tell a leak from what a warm process needs. */
function memoryRows(memory: readonly MemorySample[]): (readonly [string, string])[] {
  const quarter = Math.floor(memory.length / 4);
  if (quarter === 0) return [];
  return memory[0]!.services.map(({ name }, index) => {
    const mean = (samples: readonly MemorySample[]): number =>
      samples.reduce((sum, sample) => sum + sample.services[index]!.bytes, 0) / samples.length / 2 ** 20;
    const [early, late] = [mean(memory.slice(quarter, 2 * quarter)), mean(memory.slice(-quarter))];
    return [`memory of ${name}`, `${early.toFixed(0)} MiB, at the end ${late.toFixed(0)} MiB`] as const;
  });
}

function quantile(values: readonly number[], share: number): string {
  if (values.length === 0) return '-';
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]!.toFixed(2);
}
