import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * `count` free ports in a row. They lie below the range the system gives to outgoing connections: nobody takes the port
 * of a server that is down, and a client that dials it cannot be connected to itself.
 */
export async function freePorts(count = 1): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = randomInt(20_000, 32_000);
    const free = await Promise.all(Array.from({ length: count }, (_, offset) => isFree(port + offset)));
    if (free.every(Boolean)) return port;
  }
  throw new Error('no free port between 20000 and 32000');
}

async function isFree(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen(port, '127.0.0.1', () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
