import { existsSync, readdirSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

import { installedDir } from '../installed.js';
/** Folder with the jars of a broker. */
export function kafkaLibs(): string {
  const script = onPath('kafka-server-start.sh') ?? onPath('kafka-server-start');
  return (
    first([
      process.env.KAFKA_HOME && join(process.env.KAFKA_HOME, 'libs'),
      script && join(dirname(script), '..', 'libs'),
      inCache('kafka-', 'libs'),
    ]) ?? missing('Kafka', 'kafka')
  );
}

export function temporalCommand(): string {
  return onPath('temporal') ?? inCache('temporal-', 'temporal') ?? missing('The Temporal CLI', 'temporal');
}

export function temporalTestServerCommand(): string {
  return (
    onPath('temporal-test-server') ??
    inCache('temporal-test-server-', 'temporal-test-server') ??
    missing("Temporal's test server", 'temporal')
  );
}

export function versitygwCommand(): string {
  return onPath('versitygw') ?? inCache('versitygw-', 'versitygw') ?? missing('The S3 server versitygw', 's3');
}

/** Folder with the native library of TensorFlow.js. */
export function tfjsNodeFolder(): string {
  const binding = inCache('tfjs-node-', join('lib', 'napi-v8', 'tfjs_binding.node'));
  return binding ? dirname(dirname(dirname(binding))) : missing('The native library of TensorFlow.js', 'tfjs-node');
}

/** Folder with `initdb` and `postgres`; Debian does not put them on the PATH. */
export function postgresBin(): string {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const command = onPath('initdb');
  return (
    first([command && dirname(command), ...versions.map((version) => join(debian, version, 'bin'))]) ??
    missing('PostgreSQL', 'postgres')
  );
}

export function javaCommand(): string {
  const home = process.env.JAVA_HOME;
  return first([home && join(home, 'bin', 'java'), onPath('java')]) ?? missing('Java', 'kafka');
}

export function onPath(command: string): string | undefined {
  return first((process.env.PATH ?? '').split(delimiter).map((dir) => dir && join(dir, command)));
}

function inCache(prefix: string, path: string): string | undefined {
  const names = existsSync(installedDir) ? readdirSync(installedDir) : [];
  const fitting = names.filter((name) => name.startsWith(prefix) && /^\d/.test(name.slice(prefix.length)));
  return first(
    fitting
      .sort()
      .reverse()
      .map((name) => join(installedDir, name, path)),
  );
}

function first(paths: readonly (string | undefined)[]): string | undefined {
  return paths.find((path) => path && existsSync(path));
}

function missing(what: string, script: string): never {
  throw new Error(`${what} is missing: run scripts/provision-${script}.sh`);
}
