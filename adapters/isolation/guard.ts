import { workerData } from 'node:worker_threads';
import { memorySignal, type HostSettings } from './protocol.js';

/**
 * A thread beside the engine, which blocks the main thread while it runs: ends the whole process when the scanner is gone
 * (the process then has another parent; not on Windows) or when resident memory passes the limit.
 */
const { parentPid, maxResidentBytes } = workerData as HostSettings;

setInterval(() => {
  if (process.platform !== 'win32' && process.ppid !== parentPid) process.kill(process.pid, 'SIGKILL');
  if (process.memoryUsage.rss() > maxResidentBytes) {
    process.kill(process.pid, process.platform === 'win32' ? 'SIGKILL' : memorySignal);
  }
}, 100);
