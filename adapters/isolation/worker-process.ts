import { spawn, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { asScanError, ScanError } from '../../core/scan/errors.js';
import { crashError, createTail } from './crash.js';
import { workerEnvironment } from './environment.js';
import { createFrameReader, encodeFrame } from './frames.js';
import {
  connectionFd,
  fromPlainError,
  isReply,
  type ArgumentOf,
  type HostMethod,
  type HostRequest,
  type HostSettings,
  type ResultOf,
} from './protocol.js';

export interface WorkerSettings extends HostSettings {
  readonly hostModule: string;
  readonly maxHeapMb?: number | undefined;
}

export interface Task {
  /** The number under which the process holds the model. */
  readonly id: number;
  /** For messages, like `doing`. */
  readonly model: string;
  /** `inspecting it`, `running shard ...` */
  readonly doing: string;
  readonly timeoutMs: number;
}

/** One child process. It keeps the scanner's process alive only while a request is under way. */
export interface WorkerProcess {
  readonly pid: number | undefined;
  /** False as soon as it is known to have ended or was told to. */
  readonly alive: boolean;
  /**
   * One request at a time.
   * @throws ScanError as the host threw it; `engine-crashed`, `engine-timeout` and `engine-out-of-memory` when the process
   *   ended over it.
   */
  request<M extends HostMethod>(method: M, argument: ArgumentOf<M>, task: Task): Promise<ResultOf<M>>;
  /** Lets an idle process free a model; nobody waits for that. */
  unload(model: number): void;
  /** Ends it at once; a request under way is rejected with `why`. */
  kill(why: ScanError): void;
  /** Lets it end by itself, then makes it; resolves when it is gone. */
  end(): Promise<void>;
}

interface Pending {
  readonly id: number;
  readonly task: Task;
  readonly resolve: (value: never) => void;
  readonly reject: (error: ScanError) => void;
  readonly timer: NodeJS.Timeout;
}

/** Starts a child process; it is not awaited, requests wait in the connection until it listens. */
export function startWorker(settings: WorkerSettings): WorkerProcess {
  const child = spawnHost(settings);
  const connection = child.stdio[connectionFd] as Socket;
  const stderr = child.stderr as Socket;
  const tail = createTail();
  const gone = ended(child);
  let pending: Pending | undefined;
  let alive = true;
  let killedFor: ScanError | undefined;
  let lastId = 0;

  const hold = (busy: boolean): void => {
    const verb = busy ? 'ref' : 'unref';
    child[verb]();
    connection[verb]();
    stderr[verb]();
  };
  const settle = (): Pending | undefined => {
    const settled = pending;
    pending = undefined;
    clearTimeout(settled?.timer);
    hold(false);
    return settled;
  };
  // A process stuck in a driver may not die at once: nobody waits for that.
  const kill = (why: ScanError): void => {
    killedFor ??= why;
    alive = false;
    child.kill('SIGKILL');
    settle()?.reject(why);
  };
  const refuse = (what: string): void => {
    if (pending) kill(crashError(pending.task, { answer: what }, tail.text(), settings.maxResidentBytes));
    else kill(new ScanError('engine-crashed', `a worker process ${what} although nothing was asked`));
  };

  const read = createFrameReader((reply) => {
    if (!alive) return;
    if (isReply(reply) && reply.id === unanswered) return;
    if (!isReply(reply) || reply.id !== pending?.id) {
      refuse('sent something that is no answer');
      return;
    }
    const { resolve, reject } = settle()!;
    if (reply.ok) resolve(reply.value as never);
    else reject(fromPlainError(reply.error));
  });
  connection.on('data', (chunk: Buffer) => {
    try {
      if (alive) read(chunk);
    } catch {
      refuse('sent something that cannot be read');
    }
  });
  // Writing to a process that has died; its end is reported below.
  connection.on('error', () => undefined);
  stderr.on('data', (chunk: Buffer) => {
    tail.add(chunk);
  });
  void gone.then((end) => {
    alive = false;
    const settled = settle();
    settled?.reject(crashError(settled.task, end, tail.text(), settings.maxResidentBytes));
  });
  hold(false);

  return {
    get pid() {
      return child.pid;
    },
    get alive() {
      return alive;
    },
    request: (method, argument, task) =>
      new Promise((resolve, reject) => {
        if (!alive) {
          reject(killedFor ?? endedBefore(task));
          return;
        }
        if (pending) {
          reject(new ScanError('internal', 'a worker process was given two things to do at a time'));
          return;
        }
        const frame = encodeFrame({ id: ++lastId, method, model: task.id, argument } satisfies HostRequest);
        const timer = setTimeout(
          () => {
            kill(timeoutError(task));
          },
          Math.min(task.timeoutMs, maxTimerMs),
        );
        pending = { id: lastId, task, resolve, reject, timer };
        hold(true);
        for (const part of frame) connection.write(part);
      }),
    unload: (model) => {
      const request: HostRequest = { id: unanswered, method: 'close', model, argument: undefined };
      if (alive) for (const part of encodeFrame(request)) connection.write(part);
    },
    kill,
    end: async () => {
      alive = false;
      hold(true);
      connection.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), endGraceMs);
      await gone;
      clearTimeout(timer);
    },
  };
}

function spawnHost({ hostModule, maxHeapMb, ...host }: WorkerSettings): ChildProcess {
  const heap = maxHeapMb === undefined ? [] : [`--max-old-space-size=${Math.round(maxHeapMb)}`];
  try {
    const child = spawn(process.execPath, [...heap, hostModule, JSON.stringify(host)], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      env: workerEnvironment(process.env),
      windowsHide: true,
    });
    // Without file descriptors left, Node makes the child but not its streams.
    if ((child.stdio as unknown) === undefined) throw new Error('too many open files');
    return child;
  } catch (thrown) {
    throw asScanError(thrown, 'engine-crashed', 'a worker process could not be started');
  }
}

export type ProcessEnd =
  | { readonly code: number | null; readonly signal: NodeJS.Signals | null }
  | { readonly failedToStart: string }
  | { readonly answer: string };

/** Waits for the last words too, but not for a grandchild that holds the stream open. */
function ended(child: ChildProcess): Promise<ProcessEnd> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      if (child.pid === undefined) resolve({ failedToStart: error.message });
    });
    child.once('exit', (code, signal) => {
      child.once('close', () => {
        resolve({ code, signal });
      });
      setTimeout(() => {
        resolve({ code, signal });
      }, lastWordsMs).unref();
    });
  });
}

function endedBefore({ model, doing }: Task): ScanError {
  return new ScanError('engine-crashed', `${model}: the worker process had ended before ${doing}; scan it again`, {
    retryable: true,
  });
}

function timeoutError({ model, doing, timeoutMs }: Task): ScanError {
  const text = `${model}: no answer within ${timeoutMs / 1000} s while ${doing}; allow more time (--timeout) or use fewer images`;
  return new ScanError('engine-timeout', text, { retryable: true });
}

/** Id of requests whose answer nobody waits for. */
const unanswered = 0;
const endGraceMs = 1000;
const lastWordsMs = 500;
/** Longer delays than this fire at once. */
const maxTimerMs = 2 ** 31 - 1;
