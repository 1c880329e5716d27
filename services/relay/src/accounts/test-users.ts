// Users of tests of an installation (`helm test`): they are nobody, whatever becomes of the test.
import { randomUUID } from 'node:crypto';
import type { PendingQuery, Row, Sql, TransactionSql } from 'postgres';

/** No such domain can be (RFC 2606), so that no one else ever has an address in it. */
const DOMAIN = 'helm-test.invalid';

/** Milliseconds; no test takes as long. */
export const TEST_USER_LIFE = 3_600_000;

export const testAddress = () => `${randomUUID()}@${DOMAIN}`;

/** As a condition on `users`. Whoever registered has a password. */
export const isForTest = (sql: Sql | TransactionSql): PendingQuery<Row[]> =>
  sql`password_hash is null and email like ${`%@${DOMAIN}`}`;
