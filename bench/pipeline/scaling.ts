import type { Measured } from './report.js';

/** What is to be scanned, with what. */
export interface Fleet {
  readonly models: number;
  /** GPU workers, each with one engine slot. */
  readonly workers: number;
  /** Seconds that one scan keeps an engine busy. */
  readonly engineSeconds: number;
}

/** What a fleet needs when each scan costs what the measured ones cost. */
export interface Needs {
  readonly scansPerSecond: number;
  readonly hours: number;
  /** Cores that are busy all the time, by the name of the service or server; without the engines. */
  readonly cores: ReadonlyMap<string, number>;
  readonly processes: { readonly orchestrators: number; readonly reducers: number };
  readonly partitions: { readonly tasks: number; readonly results: number };
  readonly temporal: { readonly eventsPerSecond: number; readonly actionsPerSecond: number; readonly bytes: number };
  readonly database: {
    readonly transactionsPerSecond: number;
    readonly logBytesPerSecond: number;
    readonly rows: number;
    readonly bytes: number;
  };
  readonly kafka: {
    readonly bytesPerSecond: number;
    readonly bytes: number;
    readonly closedDeliveriesPerSecond: number;
  };
  readonly objects: { readonly requestsPerSecond: number; readonly bytesPerSecond: number; readonly bytes: number };
  /** Vcpu hours of services and servers for the whole fleet. */
  readonly coreHours: number;
  readonly gpuHours: number;
}

/** A process is not planned for more of one core than this: what is above waits in its queue. */
export const plannedShare = 0.6;
/** Partitions per worker: with fewer, a share that is rounded up to a whole partition leaves others idle. */
export const partitionsPerWorker = 3;
/**
 * What Temporal's cloud counts of a scan that is one task, at most: its start, the signal of its verdict, a timer, and the local
 * activities acquire, dispatch and publish, where those of one workflow task count once.
 */
const actionsPerScan = 1 + 1 + 1 + 3;
/** Per scan without candidates: HEAD and PUT of the model; HEAD of model and images; GET of the model; PUT of three reports. */
const fixedRequests = 2 + 2 + 1 + 3;
/** Per candidate: HEAD and PUT of its pictures, GET for the report. */
const requestsPerCandidate = 3;
/** Of a scan there are one inspection, one shard of a small model, and one confirmation per candidate. */
const tasksWithoutCandidates = 2;

export function needsOf(measured: Measured, { models, workers, engineSeconds }: Fleet): Needs {
  const { storage, engine, cpu } = measured;
  const rate = workers / engineSeconds;
  const seconds = models / rate;
  const perScan = new Map(
    [...cpu.services, ...cpu.servers]
      .filter(({ name }) => !name.startsWith('worker'))
      .map((share) => [share.name.replace(/-\d+$/, ''), share.seconds / measured.models]),
  );
  const cores = new Map([...perScan].map(([name, each]) => [name, each * rate]));
  const candidates = Math.max(0, engine.tasks / measured.models - tasksWithoutCandidates);
  const processes = (name: string): number => Math.ceil((cores.get(name) ?? 0) / plannedShare);
  return {
    scansPerSecond: rate,
    hours: seconds / 3600,
    cores,
    processes: { orchestrators: processes('orchestrator'), reducers: processes('reducer') },
    partitions: { tasks: partitionsPerWorker * workers, results: partitionsPerWorker * processes('reducer') },
    temporal: {
      eventsPerSecond: storage.historyEvents * rate,
      actionsPerSecond: actionsPerScan * rate,
      bytes: storage.historyBytes * models,
    },
    database: {
      transactionsPerSecond: storage.databaseTransactions * rate,
      logBytesPerSecond: storage.databaseLogBytes * rate,
      rows: storage.databaseRows * models,
      bytes: storage.databaseBytes * models,
    },
    kafka: {
      bytesPerSecond: storage.kafkaBytes * rate,
      bytes: storage.kafkaBytes * models,
      closedDeliveriesPerSecond: rate * workers,
    },
    objects: {
      requestsPerSecond: (fixedRequests + requestsPerCandidate * candidates) * rate,
      bytesPerSecond: storage.objectBytes * rate,
      bytes: storage.objectBytes * models,
    },
    coreHours: ([...cores.values()].reduce((sum, each) => sum + each, 0) * seconds) / 3600,
    gpuHours: (workers * seconds) / 3600,
  };
}

/** Scans per second at which so many partitions of `results` keep as many reducers busy as there can be. */
export function rateOfPartitions(measured: Measured, partitions: number): number {
  const reducer = measured.cpu.services.find(({ name }) => name.startsWith('reducer'));
  return (partitions * plannedShare * measured.models) / (reducer?.seconds ?? Infinity);
}

/**
 * How much of the workers' time is used while the last backlog drains, when so many partitions are dealt out: the busiest
 * worker has the most partitions.
 */
export function evenness(partitions: number, workers: number): number {
  return partitions / workers / Math.ceil(partitions / workers);
}
