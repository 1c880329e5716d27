// A timed Sql does what the driver's does, and tells how long each query and transaction took, and what failed.
import postgres from 'postgres';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { timedSql } from './timed-sql.ts';

const plain = postgres(process.env.TEST_DATABASE_URL!, { max: 2, onnotice: () => {} });
const seen: { elapsed: number; error?: unknown }[] = [];
const sql = timedSql(plain, (elapsed, error) => seen.push({ elapsed, ...(error === undefined ? {} : { error }) }));
afterAll(() => plain.end());
beforeEach(() => {
  seen.length = 0;
});

test('a query is told once, however often it is waited for', async () => {
  const query = sql<{ n: number }[]>`select 1 as n`;
  expect(await Promise.all([query, query])).toMatchObject([[{ n: 1 }], [{ n: 1 }]]);
  expect((await query)[0]?.n).toBe(1);
  expect(seen).toHaveLength(1);
});

test('the time is that of the query', async () => {
  await sql`select pg_sleep(0.05)`;
  expect(seen[0]?.elapsed).toBeGreaterThan(45);
});

test('fragments and helpers are parts of a query', async () => {
  const where = sql`where n = ${2}`;
  const rows = await sql`select n from (values (1), (2)) as t (n) ${where} and n in ${sql([1, 2])}`;
  expect(rows).toMatchObject([{ n: 2 }]);
  expect(await sql`select ${sql('n')} from (values (7)) as t (n)`).toMatchObject([{ n: 7 }]);
  expect(seen).toHaveLength(2);
});

test('a failure is told, and still reaches who waits, by whatever way', async () => {
  await expect(sql`select nothing`).rejects.toMatchObject({ code: '42703' });
  expect(await sql`select nothing`.catch((error: { code: string }) => error.code)).toBe('42703');
  expect(await sql.unsafe('select nothing').catch(() => 'failed')).toBe('failed');
  expect(seen.map(({ error }) => (error as { code: string }).code)).toEqual(['42703', '42703', '42703']);
});

test('a transaction is one', async () => {
  const n = await sql.begin(async (tx) => {
    await tx`select 1`;
    const [row] = await tx<{ n: number }[]>`select 2 as n`;
    return row?.n;
  });
  expect(n).toBe(2);
  expect(seen).toHaveLength(1);
  await expect(sql.begin(async () => Promise.reject(new Error('ours')))).rejects.toThrow('ours');
  expect(seen).toMatchObject([{}, { error: { message: 'ours' } }]);
});
