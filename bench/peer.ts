import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A PyTorch process that answers one request at a time; see `peer.py`. */
export interface Peer {
  load(model: string, threads: number): Promise<PeerInfo>;
  run(work: PeerWork): Promise<PeerAnswer>;
  close(): void;
}

export interface PeerInfo {
  readonly version: string;
  readonly variants: readonly string[];
}

export interface PeerWork {
  readonly variant: string;
  readonly rule: string;
  readonly features: 'gain' | 'paper';
  /** The first K classes. */
  readonly classes: number;
  /** Half-open range. */
  readonly images: readonly [number, number];
  /** Images per call of PyTorch. */
  readonly batch: number;
  /** Asks for the gains, [classes, images] per batch. */
  readonly values?: boolean;
}

export interface PeerAnswer {
  readonly seconds: number;
  /** CPU seconds of the process, all threads. */
  readonly cpu: number;
  readonly values?: readonly number[];
}

/** Longest time of one request. Threads that wait for each other on a busy machine can be a hundred times slower. */
const patienceMs = 20_000;
/** The first run of a compiled variant compiles. */
const patienceWithCompilerMs = 120_000;

/** @throws Error from the calls when PyTorch refuses a request, takes too long for it, or ends. */
export function startPeer(python: string, script: string, folder: string): Peer {
  let line = startLine(python, script, folder);
  let loaded: object | undefined;
  const request = async <T>(message: object, limitMs = patienceMs): Promise<T> => {
    let late: NodeJS.Timeout | undefined;
    const answer = line.request(message);
    const limit = new Promise<never>((_, reject) => {
      late = setTimeout(() => {
        line.kill();
        line = startLine(python, script, folder);
        if (loaded) void line.request(loaded);
        reject(new Error(`took longer than ${limitMs / 1000} s`));
      }, limitMs);
    });
    try {
      return (await Promise.race([answer, limit])) as T;
    } finally {
      clearTimeout(late);
      answer.catch(() => undefined);
    }
  };
  return {
    load: (model, threads) => {
      loaded = { op: 'load', model, threads };
      return request(loaded);
    },
    run: (work) =>
      request({ op: 'run', ...work }, work.variant.includes('compiled') ? patienceWithCompilerMs : patienceMs),
    close: () => {
      line.kill();
    },
  };
}

interface Line {
  request(message: object): Promise<unknown>;
  kill(): void;
}

/** One process: a line of JSON in, a line of JSON out. */
function startLine(python: string, script: string, folder: string): Line {
  const child = spawn(python, [script, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting: { resolve: (answer: unknown) => void; reject: (error: Error) => void }[] = [];
  const fail = (error: Error): void => {
    for (const { reject } of waiting.splice(0)) reject(error);
  };
  child.on('error', fail);
  child.on('exit', (code) => {
    fail(new Error(`the PyTorch process ended with exit code ${code}`));
  });
  createInterface(child.stdout).on('line', (line) => {
    const answer = JSON.parse(line) as { error?: string };
    const asked = waiting.shift();
    if (answer.error === undefined) asked?.resolve(answer);
    else asked?.reject(new Error(answer.error));
  });
  return {
    request: (message) =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        child.stdin.write(`${JSON.stringify(message)}\n`);
      }),
    kill: () => child.kill('SIGKILL'),
  };
}
