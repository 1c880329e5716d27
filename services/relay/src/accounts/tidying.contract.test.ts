// Removing what has expired is the work of one pod at a time.
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createDatabase } from '../../../../test/services/databases.ts';
import { createTokenKeys } from '../auth/token-keys.ts';
import { createTokens } from '../auth/tokens.ts';
import { createAccounts } from './accounts.ts';
import { type Database, openDatabase } from './database.ts';
import { migrate } from './migrate.ts';
import { TIDYING } from './tidying.ts';

/** More than two batches. */
const ROWS = 2_500;

const stack = new AsyncDisposableStack();
let pods: Database[];
beforeAll(async () => {
  const { url } = stack.use(await createDatabase());
  pods = [];
  for (let i = 0; i < 3; i++) {
    const database = await openDatabase({ database: { url, ca: undefined, pool: 2 }, dataDir: '' });
    stack.defer(() => database.close());
    pods.push(database);
  }
  await migrate(sqlOf(0));
});
afterAll(() => stack.disposeAsync());
beforeEach(async () => {
  await sqlOf(0)`delete from users`;
  const [user] = await sqlOf(0)<{ id: string }[]>`insert into users (email) values ('ann@example.org') returning id`;
  await sqlOf(0)`
    insert into logins (id, user_id, created_at, last_used_at, expires_at)
    select gen_random_uuid(), ${user?.id ?? ''}, now(), now(), now() - interval '1 day' from generate_series(1, ${ROWS})`;
});

const sqlOf = (pod: number) => (pods[pod] as Database).sql;
const tidy = (pod: number) => {
  const tokens = createTokens(createTokenKeys(['a-secret-of-more-than-32-characters']));
  return createAccounts({ sql: sqlOf(pod), tokens }).tidy();
};
const left = async () => (await sqlOf(0)`select 1 from logins`).length;

it('what one pod is at, another leaves alone', async () => {
  await sqlOf(0).begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(${TIDYING})`;
    expect(await tidy(1)).toBe(0);
  });
  expect(await left()).toBe(ROWS);
  expect(await tidy(1)).toBe(ROWS);
  expect(await left()).toBe(0);
});

it('of several that begin at once, each row is removed by one, and those that found the work taken go on with life', async () => {
  const removed = await Promise.all([tidy(0), tidy(1), tidy(2)]);
  const sum = removed.reduce((total, count) => total + count, 0);
  expect(sum + (await left())).toBe(ROWS);
  await tidy(0);
  expect(await left()).toBe(0);
});

it('users of tests that were cut short go after an hour, and nobody else', async () => {
  const accountsAt = (ago: number) => {
    const tokens = createTokens(createTokenKeys(['a-secret-of-more-than-32-characters']));
    return createAccounts({ sql: sqlOf(0), tokens, now: () => Date.now() + ago });
  };
  await accountsAt(0).createTestUser();
  await sqlOf(0)`update users set created_at = now() - interval '1 day' where email = 'ann@example.org'`;
  const users = async () => (await sqlOf(0)`select 1 from users`).length;
  await accountsAt(3_500_000).tidy();
  expect(await users()).toBe(2);
  await accountsAt(3_700_000).tidy();
  expect(await users()).toBe(1);
  expect(await sqlOf(0)`select email from users`).toEqual([{ email: 'ann@example.org' }]);
});
