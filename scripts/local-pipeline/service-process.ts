import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePorts } from '../../test/support/servers/ports.js';
import { dyingWithUs } from '../../test/support/servers/process.js';

export const serviceKinds = ['orchestrator', 'reducer', 'worker'] as const;
export type ServiceKind = (typeof serviceKinds)[number];

/** One service as an operating-system process; it can be killed and started again under the same name and port. */
export interface ServiceProcess {
  readonly name: string;
  readonly kind: ServiceKind;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  /** Base of `/readyz` and `/metrics`. */
  readonly url: string;
  /** JSON lines of all its runs. */
  readonly logFile: string;
  /** Starts it; does not wait for it to be ready. */
  start(): void;
  /** @throws Error with the end of the log when it ends or is not ready in time. */
  ready(timeoutMs?: number): Promise<void>;
  /** Sends a signal and resolves when the process is gone: its exit code or the signal. After a minute it is killed. */
  kill(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals | undefined>;
  /** Value of each series, e.g. `neuroninspect_tasks_total{stage="inspect",...}`. */
  metrics(): Promise<ReadonlyMap<string, number>>;
  log(): string;
}

export async function createServiceProcess(options: {
  readonly name: string;
  readonly kind: ServiceKind;
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  /** A command that runs the command in its arguments. */
  readonly wrapper?: readonly string[];
}): Promise<ServiceProcess> {
  const { name, kind, folder, environment, wrapper = [] } = options;
  const main = join(import.meta.dirname, '..', '..', 'services', kind, 'main.js');
  const port = await freePorts();
  const url = `http://127.0.0.1:${port}`;
  const logFile = join(folder, `${name}.log`);
  let child: ChildProcess | undefined;
  let gone: Promise<number | NodeJS.Signals | undefined> = Promise.resolve(undefined);

  const log = (): string => readFileSync(logFile, { encoding: 'utf8', flag: 'a+' });
  return {
    name,
    kind,
    url,
    logFile,
    log,
    get pid() {
      return child?.pid;
    },
    start: () => {
      if (child) throw new Error(`${name} runs already`);
      const output = openSync(logFile, 'a');
      const [command, ...args] = [...wrapper, ...dyingWithUs([process.execPath, main])];
      const started = spawn(command!, args, {
        stdio: ['ignore', output, output],
        env: { ...process.env, ...environment, NEURONINSPECT_HTTP_PORT: String(port) },
      });
      closeSync(output);
      // A service left over by a caller that failed must not keep its process alive.
      started.unref();
      child = started;
      gone = new Promise((resolve) => {
        started.once('exit', (code, signal) => {
          if (child === started) child = undefined;
          resolve(code ?? signal ?? undefined);
        });
      });
    },
    ready: async (timeoutMs = 60_000) => {
      const until = Date.now() + timeoutMs;
      while (Date.now() < until) {
        if (!child) throw new Error(`${name} has ended:\n${log().slice(-4000)}`);
        const ready = await fetch(`${url}/readyz`).then(
          ({ ok }) => ok,
          () => false,
        );
        if (ready) return;
        await pause(100);
      }
      throw new Error(`${name} is not ready after ${timeoutMs / 1000} s:\n${log().slice(-4000)}`);
    },
    kill: async (signal = 'SIGKILL') => {
      const stopping = child;
      if (!stopping) return gone;
      stopping.ref();
      stopping.kill(signal);
      const stubborn = setTimeout(() => stopping.kill('SIGKILL'), 60_000);
      return gone.finally(() => {
        clearTimeout(stubborn);
      });
    },
    metrics: async () =>
      parseMetrics(await (await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(30_000) })).text()),
  };
}

/** Prometheus text format: one `name{labels} value` per line, comments aside. */
function parseMetrics(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const cut = line.lastIndexOf(' ');
      return [line.slice(0, cut), Number(line.slice(cut + 1))];
    }),
  );
}
