export interface Supervised {
  readonly name: string;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  restart(): Promise<void> | void;
}

/** Starts again what has ended, until it is stopped. */
export function supervise(processes: readonly Supervised[], say: (text: string) => void): { stop(): void } {
  const starting = new Set<Supervised>();
  const timer = setInterval(() => {
    for (const one of processes) {
      if (starting.has(one) || isAlive(one.pid)) continue;
      say(`${one.name} has ended: starting it again`);
      starting.add(one);
      void Promise.resolve(one.restart())
        .catch((error: unknown) => {
          say(`${one.name} did not start: ${String(error)}`);
        })
        .finally(() => starting.delete(one));
    }
  }, 500);
  return {
    stop: () => {
      clearInterval(timer);
    },
  };
}

function isAlive(pid: number | undefined): boolean {
  if (pid === undefined) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
