/** What the scan store needs of a database; the same SQL runs on PostgreSQL and on PGlite. */
export interface Sql {
  /** @throws ScanError `storage-failed` when the database does not answer, `internal` when it refuses the statement. */
  query(statement: Statement, values?: readonly unknown[]): Promise<readonly Row[]>;
}

export interface Database extends Sql {
  /** Keeps all or nothing: commits when `work` resolves, rolls back when it rejects. */
  transaction<T>(work: (sql: Transaction) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface Transaction extends Sql {
  /** Sends a statement without waiting for the answer. The transaction fails if the statement does. */
  send(statement: Statement, values?: readonly unknown[]): void;
}

/** Where there is a name, the server parses and plans the statement once per connection. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

export type Row = Readonly<Record<string, unknown>>;
