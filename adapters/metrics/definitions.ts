/** One metric: dashboards, alerts and docs/metrics.md are tested against this list. No label ever holds a digest or a scan id. */
export interface MetricDefinition {
  readonly name: `neuroninspect_${string}`;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds, histograms only. */
  readonly buckets?: readonly number[];
}

const seconds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600];

/** `lane`: gate, fleet. `stage`: inspect, saliency, confirm. `code`: codes of `ScanError` and of reasons. */
export const metrics = {
  // Engine workers
  mapsComputed: counter('maps_total', 'Saliency maps computed: images x classes, per saliency stage', []),
  tasks: counter(
    'tasks_total',
    'Tasks that workers finished: ok, failed for good, handed back, or dropped because nobody waited or they were answered before',
    ['stage', 'lane', 'outcome'],
  ),
  taskSeconds: histogram('task_seconds', 'Computing time of one task', ['stage']),
  taskQueueSeconds: histogram('task_queue_seconds', 'Age of a task when a worker took it up', ['lane']),
  taskRetries: counter('task_retries_total', 'Tries beyond the first, by the error that made them necessary', [
    'stage',
    'code',
  ]),
  engineBusySeconds: counter(
    'engine_busy_seconds_total',
    'Seconds engine processes spent on tasks; divide by time and by engine_slots for the busy share',
    [],
  ),
  engineSlots: gauge('engine_slots', 'Engine processes that can work side by side', []),
  engineResidentBytes: gauge('engine_resident_bytes', 'Resident memory of all engine processes', []),
  engineRestarts: counter('engine_restarts_total', 'Engine processes that crashed, hung or outgrew their memory', [
    'code',
  ]),
  cacheRequests: counter(
    'cache_requests_total',
    'Look-ups in a cache of a worker: model files on disk, image sets, open models',
    ['cache', 'outcome'],
  ),
  cacheBytes: gauge('cache_bytes', 'Bytes held by the cache of model files', []),
  downloads: counter('download_bytes_total', 'Bytes fetched from the object store', ['kind']),
  // Reducer
  results: counter(
    'results_total',
    'Results of tasks that arrived: first, duplicate, late (the scan has a verdict) or refused',
    ['stage', 'outcome'],
  ),
  scans: counter('scans_total', 'Scans that got their verdict', ['verdict', 'code']),
  findings: counter('findings_total', 'Findings of judged scans', ['rule']),
  scanSeconds: histogram('scan_seconds', 'From registering a scan to its verdict', ['lane']),
  reduceSeconds: histogram(
    'reduce_seconds',
    'Storing one result, with merge, detection and judgement where it was the last',
    [],
  ),
  noticesDelivered: counter('notices_delivered_total', 'Notices handed from the outbox to workflows', ['outcome']),
  noticesWaiting: gauge('notices_waiting', 'Notices in the outbox', []),
  noticesOldestSeconds: gauge('notices_oldest_seconds', 'Age of the oldest notice in the outbox', []),
  // Orchestrator
  dispatched: counter('tasks_dispatched_total', 'Tasks sent: first round and again', ['stage', 'lane', 'round']),
  activitySeconds: histogram('activity_seconds', 'Duration of one activity of a workflow', ['activity', 'outcome']),
  published: counter('verdicts_published_total', 'Verdicts announced', ['verdict']),
  // Everywhere
  consumerLag: gauge('consumer_lag', 'Messages of a topic that the group has not handled', ['topic']),
  messages: counter('messages_total', 'Messages handled, delivered again or refused as malformed', [
    'topic',
    'outcome',
  ]),
  deadLetters: counter('dead_letters_total', 'Messages put into the dead-letter topic', ['topic', 'code']),
  storageErrors: counter('storage_errors_total', 'Failed calls to a database, a broker or an object store', ['store']),
} as const satisfies Record<string, MetricDefinition>;

export type MetricKey = keyof typeof metrics;

function counter<const L extends readonly string[]>(name: string, help: string, labels: L) {
  return { name: `neuroninspect_${name}` as const, type: 'counter' as const, help, labels };
}

function gauge<const L extends readonly string[]>(name: string, help: string, labels: L) {
  return { name: `neuroninspect_${name}` as const, type: 'gauge' as const, help, labels };
}

function histogram<const L extends readonly string[]>(name: string, help: string, labels: L) {
  return { name: `neuroninspect_${name}` as const, type: 'histogram' as const, help, labels, buckets: seconds };
}
