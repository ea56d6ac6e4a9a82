import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { onPath } from './find.js';

export interface ServerOptions {
  /** Where it keeps its data; another start with the same folder goes on with them. Default: one that goes with the server. */
  readonly dir?: string;
  /** Default: any that is free. */
  readonly port?: number;
}

export interface Server {
  /** `host:port` */
  readonly address: string;
  readonly url: string;
  readonly port: number;
  readonly dir: string;
  readonly pid: number;
  /** Resolves when the process is gone; at once for `SIGSTOP` and `SIGCONT`. Default: `SIGKILL`. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Ends it in its own way, and removes a folder it made itself. */
  stop(): Promise<void>;
}

export interface Launch {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly dir: string;
  /** Remove `dir` with the server. */
  readonly temporary: boolean;
  readonly port: number;
  readonly url: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
  readonly stopSignal?: NodeJS.Signals;
  /** Rejects as long as the server is not ready. */
  probe(): Promise<unknown>;
}

/** The processes, each with the folder to remove after it. */
const running = new Map<ChildProcess, string | undefined>();
process.on('exit', () => {
  for (const [child, folder] of running) {
    child.kill('SIGKILL');
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
});

/** Starts a server and resolves when it answers. @throws with the end of its log when it does not. */
export async function launch(options: Launch): Promise<Server> {
  const log = join(options.dir, 'server.log');
  const output = openSync(log, 'a');
  const [command, ...args] = dyingWithUs([options.command, ...options.args]);
  const child = spawn(command!, args, {
    cwd: options.dir,
    stdio: ['ignore', output, output],
    env: options.env ?? process.env,
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.gid! }),
  });
  closeSync(output);
  running.set(child, options.temporary ? options.dir : undefined);
  let failed: Error | undefined;
  child.on('error', (error) => (failed = error));
  const gone = new Promise<void>((resolve) => {
    child.once('close', () => {
      running.delete(child);
      resolve();
    });
  });
  // A server left over by a test that failed must not keep its process alive.
  child.unref();

  const kill = async (signal: NodeJS.Signals = 'SIGKILL') => {
    child.kill(signal);
    if (signal === 'SIGSTOP' || signal === 'SIGCONT') return;
    child.ref();
    await gone;
  };
  const stop = async () => {
    child.ref();
    child.kill('SIGCONT');
    child.kill(options.stopSignal ?? 'SIGTERM');
    const stubborn = setTimeout(() => child.kill('SIGKILL'), 20_000);
    await gone;
    clearTimeout(stubborn);
    if (options.temporary) rmSync(options.dir, { recursive: true, force: true });
  };

  const deadline = Date.now() + 120_000;
  for (;;) {
    try {
      await options.probe();
      break;
    } catch (error) {
      const ended = failed !== undefined || child.exitCode !== null || child.signalCode !== null;
      if (!ended && Date.now() < deadline) {
        await pause(100);
        continue;
      }
      const lines = readFileSync(log, 'utf8').split('\n').slice(-20).join('\n');
      await stop();
      throw new Error(
        `${options.name} on port ${options.port} ${ended ? 'ended' : 'does not answer'}: ${failed?.message ?? String(error)}\n${lines}`,
        { cause: error },
      );
    }
  }
  return {
    address: `127.0.0.1:${options.port}`,
    url: options.url,
    port: options.port,
    dir: options.dir,
    pid: child.pid!,
    kill,
    stop,
  };
}

/** Runs a command to its end. @throws with what it wrote when it fails. */
export async function runToEnd(
  command: string,
  args: readonly string[],
  ids?: { uid: number; gid: number },
): Promise<void> {
  const [first, ...rest] = dyingWithUs([command, ...args]);
  const child = spawn(first!, rest, { stdio: ['ignore', 'pipe', 'pipe'], cwd: '/', ...ids });
  let text = '';
  child.stdout.on('data', (chunk) => (text += String(chunk)));
  child.stderr.on('data', (chunk) => (text += String(chunk)));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${command} ended with ${code}\n${text}`);
}

/** A test process that is killed with -9 runs no handler of ours; Linux then ends its servers and services for it. */
export function dyingWithUs(command: string[]): string[] {
  const setpriv = process.platform === 'linux' ? onPath('setpriv') : undefined;
  return setpriv === undefined ? command : [setpriv, '--pdeathsig', 'KILL', ...command];
}
