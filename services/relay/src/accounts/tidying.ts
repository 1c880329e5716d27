// Removes what has expired: a little at a time, by one pod at a time.
import type { PendingQuery, Row, Sql } from 'postgres';
import { isForTest, TEST_USER_LIFE } from './test-users.ts';

/** Advisory lock: one pod at a time tidies up. "tidy" in ASCII. */
export const TIDYING = '1953064057';
/** Rows that one statement removes, so that it never holds much for long. */
const BATCH = 1_000;
/** Statements of one run; what is left waits for the next. */
const STEPS = 100;

type TidyingOptions = {
  sql: Sql;
  now: () => number;
  /** Milliseconds that the audit is kept. */
  auditLife: number;
};

export function createTidying({ sql, now, auditLife }: TidyingOptions) {
  /** Removes what it can of one kind; returns how many rows. Nothing, while another pod is at it. */
  async function removeAll(batch: () => PendingQuery<Row[]>): Promise<number> {
    let removed = 0;
    for (let step = 0; step < STEPS; step++) {
      const count = (await sql.begin(async (tx) => {
        const [lock] = await tx<{ taken: boolean }[]>`select pg_try_advisory_xact_lock(${TIDYING}) as taken`;
        return lock?.taken === true ? (await tx`${batch()}`).count : 0;
      })) as number;
      removed += count;
      if (count < BATCH) break;
    }
    return removed;
  }

  return {
    /** Returns how many rows went. */
    async tidy(): Promise<number> {
      const at = new Date(now());
      const expired = (table: string) => () =>
        sql`
        delete from ${sql(table)} where id in (
          select id from ${sql(table)} where expires_at <= ${at} limit ${BATCH}
        )`;
      let removed = 0;
      for (const table of ['refresh_tokens', 'logins', 'shares', 'sign_in_links', 'device_requests', 'invites'])
        removed += await removeAll(expired(table));
      removed += await removeAll(
        () => sql`
          delete from audit where id in (
            select id from audit where at <= ${new Date(now() - auditLife)} limit ${BATCH}
          )`,
      );
      removed += await removeAll(
        () => sql`
          delete from users where id in (
            select id from users
            where ${isForTest(sql)} and created_at <= ${new Date(now() - TEST_USER_LIFE)} limit ${BATCH}
          )`,
      );
      return removed;
    },
  };
}
