import type { EngineInfo } from '../../core/ports/engine.js';
import type { ExplainRequest, Explanation, ModelJob } from '../../core/ports/runner.js';
import { ScanError, scanErrorCodes, type ScanErrorCode } from '../../core/scan/errors.js';
import type { ModelFile } from '../../core/ports/model-format.js';
import type { Inspection, Shard, ShardFeatures } from '../../core/scan/features.js';
import type { Evidence } from '../../core/scan/result.js';
import type { StatedPreprocessing } from '../../core/scan/stated-preprocessing.js';
import type { Survey, SurveyRequest } from '../../core/survey/survey.js';
import type { EngineChoice } from '../engines/names.js';

/** What a worker process can be asked about one of the models it holds. */
interface Calls {
  open: { takes: ModelJob; gives: Opened };
  shard: { takes: Shard; gives: ShardFeatures };
  confirm: { takes: number; gives: Evidence };
  explain: { takes: ExplainRequest; gives: Explanation };
  /** Reads a model without running it or keeping it. */
  survey: { takes: SurveyJob; gives: SurveyedModel };
  close: { takes: undefined; gives: undefined };
  /** Lets the engine compute something; about no model. */
  check: { takes: undefined; gives: EngineInfo };
}

export type HostMethod = keyof Calls;
export type ArgumentOf<M extends HostMethod> = Calls[M]['takes'];
export type ResultOf<M extends HostMethod> = Calls[M]['gives'];
/** `model` is the number under which the process holds the model, or is to hold it. */
export type Host = { readonly [M in HostMethod]: (argument: ArgumentOf<M>, model: number) => Promise<ResultOf<M>> };

export interface Opened {
  readonly inspection: Inspection;
  readonly engine: EngineInfo;
  /** Of the model's files as this process read them. */
  readonly digest: string;
}

export interface SurveyJob extends SurveyRequest {
  readonly path: string;
}

export interface SurveyedModel extends Omit<ModelFile, 'graph'> {
  readonly format: string;
  /** What its files say of it. */
  readonly preprocessing?: StatedPreprocessing | undefined;
  readonly survey: Survey;
}

export interface HostRequest {
  readonly id: number;
  readonly method: HostMethod;
  readonly model: number;
  readonly argument: unknown;
}

export type HostReply =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly error: PlainError };

/** A ScanError in transit: a structured clone keeps neither its class nor its fields. */
export interface PlainError {
  readonly code: ScanErrorCode;
  readonly message: string;
  readonly retryable: boolean;
}

/** Handed to the worker process as its only argument, as JSON. */
export interface HostSettings extends EngineChoice {
  readonly threads: number;
  readonly parentPid: number;
  /** The process ends itself above this much resident memory. */
  readonly maxResidentBytes: number;
}

/** The worker's end of the connection; 0 to 2 are the standard streams. */
export const connectionFd = 3;

/** A process that outgrew its memory ends itself with this signal; nothing else sends it. Windows has no such signal. */
export const memorySignal = 'SIGUSR2';

export function isReply(value: unknown): value is HostReply {
  if (typeof value !== 'object' || value === null) return false;
  const { id, ok, error } = value as Partial<Record<'id' | 'ok' | 'error', unknown>>;
  return Number.isInteger(id) && (ok === true || (ok === false && isPlainError(error)));
}

function isPlainError(value: unknown): value is PlainError {
  if (typeof value !== 'object' || value === null) return false;
  const { code, message, retryable } = value as Partial<Record<keyof PlainError, unknown>>;
  const known = (scanErrorCodes as readonly unknown[]).includes(code);
  return known && typeof message === 'string' && typeof retryable === 'boolean';
}

export function toPlainError({ code, message, retryable }: ScanError): PlainError {
  return { code, message, retryable };
}

export function fromPlainError({ code, message, retryable }: PlainError): ScanError {
  return new ScanError(code, message, { retryable });
}
