import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { metrics as definitions, type MetricDefinition, type MetricKey } from './definitions.js';

/** What a process counts and measures. Names and labels are those of the definitions; the compiler refuses others. */
export interface Metrics {
  inc<K extends KeyOf<'counter'>>(key: K, labels: LabelsOf<K>, amount?: number): void;
  set<K extends KeyOf<'gauge'>>(key: K, labels: LabelsOf<K>, value: number): void;
  observe<K extends KeyOf<'histogram'>>(key: K, labels: LabelsOf<K>, value: number): void;
  /** The text format of Prometheus. */
  text(): Promise<string>;
  readonly contentType: string;
}

type KeyOf<T extends MetricDefinition['type']> = {
  [K in MetricKey]: (typeof definitions)[K]['type'] extends T ? K : never;
}[MetricKey];

type LabelNames<K extends MetricKey> = (typeof definitions)[K]['labels'][number];

/** With no labels only `{}` fits. */
type LabelsOf<K extends MetricKey> = [LabelNames<K>] extends [never]
  ? Record<string, never>
  : Readonly<Record<LabelNames<K>, string>>;

/** A registry of its own with all metrics of the definitions, and those of the process: CPU, memory, event loop, collections. */
export function createMetrics(defaultLabels: Readonly<Record<string, string>> = {}): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels(defaultLabels);
  collectDefaultMetrics({ register: registry });

  const counters = new Map<MetricKey, Counter>();
  const gauges = new Map<MetricKey, Gauge>();
  const histograms = new Map<MetricKey, Histogram>();
  for (const [key, { name, type, help, labels, ...rest }] of entries()) {
    const options = { name, help, labelNames: [...labels], registers: [registry] };
    if (type === 'counter') counters.set(key, new Counter(options));
    else if (type === 'gauge') gauges.set(key, new Gauge(options));
    else histograms.set(key, new Histogram({ ...options, buckets: [...(rest.buckets ?? [])] }));
  }

  return {
    inc: (key, labels, amount = 1) => {
      counters.get(key)!.inc(labels, amount);
    },
    set: (key, labels, value) => {
      gauges.get(key)!.set(labels, value);
    },
    observe: (key, labels, value) => {
      histograms.get(key)!.observe(labels, value);
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function entries(): [MetricKey, MetricDefinition][] {
  return Object.entries(definitions) as [MetricKey, MetricDefinition][];
}
