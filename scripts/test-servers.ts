import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import {
  serverVariables,
  startKafka,
  startPostgres,
  startS3,
  startTemporal,
  type Server,
  type ServerName,
} from '../test/support/servers.js';
import { temporalTestServerCommand, tfjsNodeFolder } from '../test/support/servers/find.js';

export interface Needs {
  /** Servers that tests share: one of each is started. */
  readonly shared: readonly ServerName[];
  /** Servers that must be installed, for tests that start their own. */
  readonly installed: readonly ServerName[];
}

const names = Object.keys(serverVariables) as ServerName[];

/**
 * What the compiled test files, and the files of the test folder that they import, ask for by name: a property of
 * `testServers()` or one of the functions that start a server. A name more than needed costs a start, no harm else.
 */
export function needsOf(files: readonly string[]): Needs {
  const texts = [...closure(files)].map((file) => readFileSync(file, 'utf8'));
  const shares = texts.some((text) => text.includes('testServers'));
  const shared = names.filter((name) => shares && texts.some((text) => new RegExp(`\\b${name}\\b`).test(text)));
  const own = names.filter((name) => texts.some((text) => new RegExp(`\\bstart${name}\\b`, 'i').test(text)));
  return { shared, installed: [...new Set([...shared, ...own])] };
}

/** Installs what is missing, starts the servers side by side and puts their addresses into the environment. */
export async function provide(needs: Needs, root: string): Promise<{ stop(): Promise<void> }> {
  const scripts = new Set(needs.installed.map(scriptOf));
  const ready = new Map([...scripts].map((name) => [name, provision(join(root, 'scripts', `provision-${name}.sh`))]));
  const started = await Promise.allSettled(
    needs.shared.map(async (name) => {
      await ready.get(scriptOf(name));
      return await share(name);
    }),
  );
  const stop = async () => {
    await Promise.all(started.map(async (start) => (start.status === 'fulfilled' ? start.value?.stop() : undefined)));
  };
  const outcomes = await Promise.allSettled([...ready.values()]);
  const failed = [...outcomes, ...started].find((outcome) => outcome.status === 'rejected');
  if (failed) {
    await stop();
    throw failed.reason;
  }
  return { stop };
}

/** An address that the environment names is somebody else's server. */
async function share(name: ServerName): Promise<Server | undefined> {
  const variable = serverVariables[name];
  if (process.env[variable]) return undefined;
  if (name === 'temporalTestServer') {
    process.env[variable] = temporalTestServerCommand();
    return undefined;
  }
  if (name === 'tfjsNode') {
    process.env[variable] = tfjsNodeFolder();
    return undefined;
  }
  const start = { kafka: startKafka, temporal: startTemporal, postgres: startPostgres, s3: startS3 }[name];
  const server = await start();
  process.env[variable] = server.url;
  return server;
}

/** What `provision-*.sh` is called that installs it. */
function scriptOf(name: ServerName): string {
  return { temporalTestServer: 'temporal', tfjsNode: 'tfjs-node' }[name as string] ?? name;
}

async function provision(script: string): Promise<void> {
  const child = spawn('bash', [script], { stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${script} failed`);
}

/** The files and what they import from the test folder, without the module that names all servers. */
function closure(files: readonly string[]): Set<string> {
  const seen = new Set<string>();
  const visit = (file: string) => {
    if (seen.has(file) || !existsSync(file) || !file.includes(`${sep}test${sep}`)) return;
    if (file.includes(join('test', 'support', 'servers'))) return;
    seen.add(file);
    for (const [, path] of readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*['"](\.[^'"]+)['"]/g)) {
      visit(join(dirname(file), path!));
    }
  };
  files.forEach(visit);
  return seen;
}
