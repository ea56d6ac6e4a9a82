import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { temporalCommand } from './find.js';
import { launch, type Server, type ServerOptions } from './process.js';
import { startAt } from './start.js';

/** A Temporal server that keeps its histories in a file, with the namespace `default`. */
export async function startTemporal(options: ServerOptions = {}): Promise<Server> {
  return await startAt('temporal', options, 1, async ({ dir, temporary, port }) => {
    const address = `127.0.0.1:${port}`;
    const args = ['server', 'start-dev', '--headless', '--ip', '127.0.0.1', '--port', String(port)];
    return await launch({
      name: 'Temporal',
      command: temporalCommand(),
      args: [...args, '--db-filename', join(dir, 'temporal.db'), '--log-level', 'error'],
      dir,
      temporary,
      port,
      url: address,
      probe: () => describe(address),
    });
  });
}

async function describe(address: string): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: 2000 });
  try {
    await connection.withDeadline(Date.now() + 2000, () =>
      connection.workflowService.describeNamespace({ namespace: 'default' }),
    );
  } finally {
    await connection.close();
  }
}
