import { ScanError } from '../../../core/scan/errors.js';
import type { Row, Statement, Transaction } from './sql.js';

/**
 * Statements of one transaction. A statement that failed has undone them all on the server, so the end fails with it even
 * where nobody looked at its answer. Statements after the end are refused: they would be kept although the scan is not
 * held any more.
 */
export function createTransaction(
  run: (statement: Statement, values: readonly unknown[]) => Promise<readonly Row[]>,
): Transaction & {
  /** Takes no more statements; resolves when all are done. */
  end(): Promise<void>;
} {
  const answers: Promise<unknown>[] = [];
  let over = false;
  const query = (statement: Statement, values: readonly unknown[] = []) => {
    if (over) {
      return Promise.reject(new ScanError('internal', `${statement.name}: the transaction of this scan is over`));
    }
    const answer = run(statement, values);
    answer.catch(() => undefined);
    answers.push(answer);
    return answer;
  };
  return {
    query,
    send: (statement, values) => void query(statement, values),
    async end() {
      over = true;
      await Promise.all(answers);
    },
  };
}
