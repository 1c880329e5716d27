// The lock of a pod without Redis, on a real Postgres.
import postgres from 'postgres';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../../../../test/integration/kit/wait.ts';
import { createDatabase, type Database } from '../../../../test/services/databases.ts';
import type { EventName } from '../telemetry/events.ts';
import { beTheOnlyPod } from './only-pod.ts';

let database: Database;
let sql: postgres.Sql;
beforeAll(async () => {
  database = await createDatabase();
  sql = postgres(database.url, { max: 1, onnotice: () => {} });
});
afterAll(async () => {
  await sql?.end({ timeout: 1 });
  await database?.[Symbol.asyncDispose]();
});

function pod(patience: number) {
  const said: EventName[] = [];
  const options = { database: { url: database.url, ca: undefined, pool: 1 }, patience, lookEvery: 20 };
  return { said, lock: beTheOnlyPod({ ...options, log: (event) => said.push(event) }) };
}

it('lets one in, and the next when that one has left', async () => {
  const first = await pod(0).lock;
  await expect(pod(50).lock).rejects.toThrow(/another pod serves this database, and without Redis .*REDIS_URL/);
  const second = pod(10_000);
  await first.close();
  await (await second.lock).close();
});

it('says so when the lock went with its connection, and another pod has it', async () => {
  const first = pod(0);
  const lock = await first.lock;
  const second = pod(60_000);
  await until('the first has lost it to the second', async () => {
    if (first.said.length > 0) return true;
    await sql`
      select pg_terminate_backend(pid) from pg_locks
      where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())`;
    return false;
  });
  expect(first.said[0]).toBe('not_the_only_pod');
  await (await second.lock).close();
  await until('the first has it again', () => first.said.at(-1) === 'only_pod');
  await lock.close();
});
