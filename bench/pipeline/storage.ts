import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { Client as Postgres } from 'pg';
import type { StoragePerScan } from './report.js';

interface Places {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly namespace: string;
  readonly folders: { readonly kafka: string; readonly objects: string };
}

/** What all scans left behind, divided by their number. */
export async function storageOf({ databaseUrl, temporalAddress, namespace, folders }: Places): Promise<StoragePerScan> {
  const postgres = new Postgres({ connectionString: databaseUrl });
  await postgres.connect();
  const { rows } = await postgres.query<Record<'scans' | 'rows' | 'bytes' | 'transactions' | 'log', string>>(
    `select (select count(*) from neuroninspect.scans) as scans,
            (select count(*) from neuroninspect.scans) + (select count(*) from neuroninspect.tasks)
              + (select count(*) from neuroninspect.results) + (select count(*) from neuroninspect.verdicts) as rows,
            (select sum(pg_total_relation_size(c.oid)) from pg_class c join pg_namespace n on n.oid = c.relnamespace
              where n.nspname = 'neuroninspect' and c.relkind = 'r') as bytes,
            (select xact_commit from pg_stat_database where datname = current_database()) as transactions,
            (select wal_bytes from pg_stat_wal) as log`,
  );
  await postgres.end();
  const scans = Number(rows[0]!.scans);
  const history = await meanHistory(temporalAddress, namespace);
  return {
    historyEvents: history.events,
    historyBytes: history.bytes,
    databaseRows: Number(rows[0]!.rows) / scans,
    databaseBytes: Number(rows[0]!.bytes) / scans,
    databaseTransactions: Number(rows[0]!.transactions) / scans,
    databaseLogBytes: Number(rows[0]!.log) / scans,
    kafkaBytes: topicBytes(folders.kafka) / scans,
    objectBytes: bytesBelow(folders.objects) / scans,
  };
}

async function meanHistory(address: string, namespace: string): Promise<{ events: number; bytes: number }> {
  const connection = await Connection.connect({ address });
  const client = new Client({ connection, namespace });
  let [count, events, bytes] = [0, 0, 0];
  for await (const { historyLength, historySize } of client.workflow.list()) {
    count++;
    events += historyLength;
    bytes += historySize ?? 0;
  }
  await connection.close();
  return { events: events / count, bytes: bytes / count };
}

/** Written parts of the log files of the pipeline's topics; a broker sets space aside for index files. */
function topicBytes(data: string): number {
  return readdirSync(data)
    .filter((name) => name.startsWith('bench.'))
    .flatMap((name) => readdirSync(join(data, name)).map((file) => join(data, name, file)))
    .filter((path) => path.endsWith('.log'))
    .reduce((sum, path) => sum + statSync(path).size, 0);
}

function bytesBelow(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
