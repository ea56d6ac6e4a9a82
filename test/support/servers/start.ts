import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from './ports.js';
import type { Server, ServerOptions } from './process.js';

interface Place {
  readonly dir: string;
  readonly temporary: boolean;
  readonly port: number;
}

/** Chooses folder and port where the caller has not, and starts again on another port when somebody else was faster. */
export async function startAt(
  name: string,
  { dir, port }: ServerOptions,
  ports: number,
  start: (place: Place) => Promise<Server>,
): Promise<Server> {
  for (let tries = 1; ; tries++) {
    const place = {
      dir: dir ?? mkdtempSync(join(tmpdir(), `neuroninspect-${name}-`)),
      temporary: dir === undefined,
      port: port ?? (await freePorts(ports)),
    };
    mkdirSync(place.dir, { recursive: true });
    try {
      return await start(place);
    } catch (error) {
      if (port !== undefined || tries === 3 || !/in use|EADDRINUSE/i.test(String(error))) throw error;
    }
  }
}
