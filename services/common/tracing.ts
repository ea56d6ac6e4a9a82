import { createRequire } from 'node:module';
import type * as Api from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { SpanProcessor } from '@opentelemetry/sdk-trace-node';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import type { ActivityInterceptorsFactory, WorkerOptions } from '@temporalio/worker';

export interface TracingOptions {
  /** `worker`, `reducer`, `orchestrator`: becomes `neuroninspect-worker` and so on. */
  readonly service: string;
  /** A collector that speaks OTLP over HTTP. Undefined: no tracing, and nothing of OpenTelemetry is loaded. */
  readonly endpoint: string | undefined;
  readonly logger?: { warn(fields: object, message: string): void };
}

export interface Tracing {
  readonly temporal: TemporalTracing;
  /** Sends what waits, for at most five seconds. */
  stop(): Promise<void>;
}

/**
 * For `new Client({ interceptors: { workflow: client } })` and
 * `Worker.create({ interceptors: { activity, workflowModules }, sinks })`; a bundle is made with the same `workflowModules`.
 * All empty where tracing is off.
 */
export interface TemporalTracing {
  readonly client: WorkflowClientInterceptor[];
  readonly activity: ActivityInterceptorsFactory[];
  readonly workflowModules: string[];
  readonly sinks: NonNullable<WorkerOptions['sinks']>;
}

/** The span of another process that a message came from. */
export type TraceParent = Api.Context | undefined;

export interface SpanOptions {
  readonly parent?: TraceParent;
  readonly kind?: 'producer' | 'consumer' | 'internal';
}

let active: { api: typeof Api; tracer: Api.Tracer } | undefined;

/** One per process. The sampler is the SDK's own choice by `OTEL_TRACES_SAMPLER`; without it every trace is kept. */
export async function startTracing({ service, endpoint, logger }: TracingOptions): Promise<Tracing> {
  if (endpoint === undefined) {
    return { temporal: { client: [], activity: [], workflowModules: [], sinks: {} }, stop: () => Promise.resolve() };
  }
  const [api, sdk, { OTLPTraceExporter }, resources] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace-node'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  if (logger) {
    const warn = (message: string, ...rest: unknown[]) => {
      logger.warn({ detail: rest.map(String) }, `tracing: ${message}`);
    };
    const silent = () => undefined;
    api.diag.setLogger(
      { error: warn, warn, info: silent, debug: silent, verbose: silent },
      { logLevel: api.DiagLogLevel.WARN, suppressOverrideMessage: true },
    );
  }
  const resource = new resources.Resource({ 'service.name': `neuroninspect-${service}`, 'process.pid': process.pid });
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces`, timeoutMillis: 5000 });
  const processor = new sdk.BatchSpanProcessor(exporter, { exportTimeoutMillis: 5000 });
  const provider = new sdk.NodeTracerProvider({ resource, spanProcessors: [processor] });
  provider.register();
  active = { api, tracer: provider.getTracer('neuroninspect') };

  return {
    temporal: await temporalTracing(processor, resource),
    async stop() {
      active = undefined;
      const late = new Promise((resolve) => setTimeout(resolve, 5000).unref());
      await Promise.race([provider.shutdown().catch(() => undefined), late]);
    },
  };
}

/** The headers of a message with the current span added; unchanged where tracing is off. */
export function injectTrace(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  const carrier = { ...headers };
  if (active) active.api.propagation.inject(active.api.context.active(), carrier);
  return carrier;
}

export function extractTrace(headers: Readonly<Record<string, string>> = {}): TraceParent {
  return active?.api.propagation.extract(active.api.ROOT_CONTEXT, headers);
}

/** Runs `fn` inside a span, below `parent` or the current span. What it throws is noted there and thrown on. */
export async function withSpan<T>(
  name: string,
  attributes: Api.Attributes,
  fn: () => Promise<T>,
  { parent, kind = 'internal' }: SpanOptions = {},
): Promise<T> {
  if (!active) return await fn();
  const { api, tracer } = active;
  const kinds = { producer: api.SpanKind.PRODUCER, consumer: api.SpanKind.CONSUMER, internal: api.SpanKind.INTERNAL };
  const context = parent ?? api.context.active();
  return await tracer.startActiveSpan(name, { attributes, kind: kinds[kind] }, context, async (span) => {
    try {
      return await fn();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      span.recordException(error instanceof Error ? error : message);
      span.setStatus({ code: api.SpanStatusCode.ERROR, message });
      throw error;
    } finally {
      span.end();
    }
  });
}

async function temporalTracing(processor: SpanProcessor, resource: Resource): Promise<TemporalTracing> {
  const interceptors = await import('@temporalio/interceptors-opentelemetry');
  return {
    client: [new interceptors.OpenTelemetryWorkflowClientInterceptor()],
    activity: [
      (context) => ({
        inbound: new interceptors.OpenTelemetryActivityInboundInterceptor(context),
        outbound: new interceptors.OpenTelemetryActivityOutboundInterceptor(context),
      }),
    ],
    workflowModules: [
      createRequire(import.meta.url).resolve('@temporalio/interceptors-opentelemetry/lib/workflow-interceptors.js'),
    ],
    // Workflows run in an isolate and cannot send anything; their spans leave it through a sink.
    sinks: { exporter: interceptors.makeWorkflowExporter(processor, resource) },
  };
}
