import { jsonPreprocessing, printJson } from '../../../core/report/json.js';
import type { ValueInfo } from '../../../core/onnx/graph.js';
import type { Survey } from '../../../core/survey/index.js';
import type { InspectEntry } from './entry.js';

/** Raised when a field is removed or changes its meaning; new fields do not raise it. */
export const inspectSchemaVersion = 1;

/** Every field is always there, `null` where unknown. Schema: docs/schemas/inspect.schema.json. */
export function inspectJson(entries: readonly InspectEntry[], version: string): string {
  const report = {
    schemaVersion: inspectSchemaVersion,
    tool: { name: 'neuroninspect', version },
    models: entries.map(jsonEntry),
  };
  return `${printJson(report)}\n`;
}

function jsonEntry({
  path,
  format,
  digest,
  bytes,
  files,
  preprocessing,
  survey,
  obstacle,
}: InspectEntry): Record<string, unknown> {
  return {
    path,
    format: format ?? null,
    digest: digest ?? null,
    bytes: bytes ?? null,
    files,
    preprocessing: preprocessing ? jsonPreprocessing(preprocessing) : null,
    graph: survey ? jsonGraph(survey.graph) : null,
    classifier: survey?.classifier ? jsonClassifier(survey.classifier) : null,
    ops: survey?.ops.map((use) => ({ ...use, run: use.run ?? null })) ?? [],
    scan: survey?.scan ?? null,
    obstacle: obstacle ?? null,
    findings:
      survey?.findings.map(({ check, severity, message, place }) => ({
        check,
        severity,
        message,
        place: place ?? null,
      })) ?? [],
  };
}

function jsonGraph(graph: Survey['graph']): Record<string, unknown> {
  return {
    ...graph,
    opsets: [...graph.opsets].map(([domain, opset]) => ({ domain: domain || 'ai.onnx', version: opset })),
    inputs: graph.inputs.map(jsonValue),
    outputs: graph.outputs.map(jsonValue),
  };
}

function jsonClassifier(classifier: NonNullable<Survey['classifier']>): Record<string, unknown> {
  const { cut, classes, fixedBatch } = classifier;
  return { ...classifier, cut: cut ?? null, classes: classes ?? null, fixedBatch: fixedBatch ?? null };
}

function jsonValue({ name, dtype, dims }: ValueInfo): Record<string, unknown> {
  return { name, dtype, dims: dims ?? null };
}
