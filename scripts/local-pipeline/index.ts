import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createServiceProcess, serviceKinds, type ServiceKind, type ServiceProcess } from './service-process.js';

export type { ServiceKind, ServiceProcess } from './service-process.js';

/** The servers that the services talk to. */
export interface ServerAddresses {
  readonly brokers: readonly string[];
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  readonly databaseUrl: string;
  /** As `NEURONINSPECT_OBJECT_STORE`. */
  readonly objectStore: string;
}

export interface LocalPipeline {
  readonly services: readonly ServiceProcess[];
  /** What a client needs, e.g. `neuroninspect submit`. */
  readonly clientEnvironment: NodeJS.ProcessEnv;
  service(name: string): ServiceProcess;
  /** Starts one more service of a kind and waits until it is ready. @param wrapper a command that runs that in its arguments. */
  add(kind: ServiceKind, environment?: NodeJS.ProcessEnv, wrapper?: readonly string[]): Promise<ServiceProcess>;
  /** Ends all services the way an operator does; those that do not end are killed. */
  stop(): Promise<void>;
}

export interface LocalPipelineOptions {
  readonly servers: ServerAddresses;
  /** Logs and caches. */
  readonly folder: string;
  readonly kafkaPrefix: string;
  /** How many processes of each kind; default one. */
  readonly counts?: Partial<Record<ServiceKind, number>>;
  /** Further settings of all services of a kind. */
  readonly environment?: (kind: ServiceKind, kafkaPrefix: string) => NodeJS.ProcessEnv;
}

/** Starts the services of the pipeline as processes of this machine and waits until all are ready. */
export async function startLocalPipeline(options: LocalPipelineOptions): Promise<LocalPipeline> {
  const { servers, folder, kafkaPrefix } = options;
  const clientEnvironment: NodeJS.ProcessEnv = {
    NEURONINSPECT_TEMPORAL_ADDRESS: servers.temporalAddress,
    NEURONINSPECT_TEMPORAL_NAMESPACE: servers.temporalNamespace,
    NEURONINSPECT_OBJECT_STORE: servers.objectStore,
  };
  const services: ServiceProcess[] = [];
  const create = async (
    kind: ServiceKind,
    more: NodeJS.ProcessEnv = {},
    wrapper: readonly string[] = [],
  ): Promise<ServiceProcess> => {
    const name = `${kind}-${services.filter((service) => service.kind === kind).length}`;
    const service = await createServiceProcess({
      name,
      kind,
      folder,
      wrapper,
      environment: {
        ...clientEnvironment,
        NEURONINSPECT_KAFKA_BROKERS: servers.brokers.join(','),
        NEURONINSPECT_KAFKA_PREFIX: kafkaPrefix,
        NEURONINSPECT_DATABASE_URL: servers.databaseUrl,
        NEURONINSPECT_HTTP_HOST: '127.0.0.1',
        NEURONINSPECT_DRAIN_SECONDS: '10',
        NEURONINSPECT_CACHE_DIR: join(folder, `${name}-cache`),
        ...options.environment?.(kind, kafkaPrefix),
        ...more,
      },
    });
    services.push(service);
    return service;
  };

  await mkdir(folder, { recursive: true });
  for (const kind of serviceKinds) {
    for (let i = 0; i < (options.counts?.[kind] ?? 1); i++) (await create(kind)).start();
  }
  const pipeline: LocalPipeline = {
    services,
    clientEnvironment,
    service: (name) => {
      const found = services.find((service) => service.name === name);
      if (!found) throw new Error(`there is no service ${name}`);
      return found;
    },
    add: async (kind, environment, wrapper) => {
      const service = await create(kind, environment, wrapper);
      service.start();
      await service.ready();
      return service;
    },
    stop: async () => {
      await Promise.all(
        services.map(async (service) => {
          const timer = setTimeout(() => void service.kill('SIGKILL'), 20_000);
          await service.kill('SIGTERM');
          clearTimeout(timer);
        }),
      );
    },
  };
  try {
    await Promise.all(services.map((service) => service.ready()));
  } catch (error) {
    await pipeline.stop();
    throw error;
  }
  return pipeline;
}
