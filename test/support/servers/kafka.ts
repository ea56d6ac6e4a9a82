import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { javaCommand, kafkaLibs } from './find.js';
import { launch, runToEnd, type Server, type ServerOptions } from './process.js';
import { startAt } from './start.js';

/** One broker that is its own controller (KRaft). */
export async function startKafka(options: ServerOptions = {}): Promise<Server> {
  return await startAt('kafka', options, 2, async ({ dir, temporary, port }) => {
    const settings = join(dir, 'server.properties');
    writeFileSync(settings, properties(dir, port));
    const java = [
      '-Xms64m',
      '-Xmx384m',
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
      '-Dorg.slf4j.simpleLogger.showDateTime=true',
      '-cp',
      join(kafkaLibs(), '*'),
    ];
    if (!existsSync(join(dir, 'data', 'meta.properties'))) {
      const cluster = 'bmV1cm9uaW5zcGVjdHRlcw';
      await runToEnd(javaCommand(), [...java, 'kafka.tools.StorageTool', 'format', '-t', cluster, '-c', settings]);
    }
    const address = `127.0.0.1:${port}`;
    return await launch({
      name: 'Kafka',
      command: javaCommand(),
      args: [...java, 'kafka.Kafka', settings],
      dir,
      temporary,
      port,
      url: address,
      probe: () => describe(address),
    });
  });
}

async function describe(address: string): Promise<void> {
  const kafka = new Kafka({
    brokers: [address],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 2000,
    retry: { retries: 0 },
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    await admin.describeCluster();
  } finally {
    await admin.disconnect();
  }
}

/** One broker replicates nothing. A broker that was killed cannot come back before its old session has ended: 5 s, not 9. */
function properties(dir: string, port: number): string {
  const lines = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${port + 1}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${port + 1}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
    'broker.session.timeout.ms': 5000,
    'broker.heartbeat.interval.ms': 500,
    'log.dirs': join(dir, 'data'),
    'num.partitions': 3,
    'auto.create.topics.enable': false,
    'default.replication.factor': 1,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 5,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 5,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    'message.max.bytes': 10 * 1024 * 1024,
    'replica.fetch.max.bytes': 10 * 1024 * 1024,
  };
  return Object.entries(lines)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}
