// The servers that tests are given are real ones, of the versions the product needs, and tests do not meet in them.
import { Redis } from 'ioredis';
import postgres from 'postgres';
import { describe, expect, test } from 'vitest';
import { createDatabase } from './databases.ts';
import { postgresVersion } from './postgres.ts';
import { redisVersion } from './redis.ts';

describe('the services of a test run', () => {
  test('Redis knows sharded channels: 7 or newer', async () => {
    expect(Number.parseInt(await redisVersion(process.env.TEST_REDIS_URL!), 10)).toBeGreaterThanOrEqual(7);
    const redis = new Redis(process.env.TEST_REDIS_URL!);
    try {
      expect(await redis.spublish('hermit-test-nobody-listens', 'x')).toBe(0);
    } finally {
      redis.disconnect();
    }
  });

  test('Postgres is 15 or newer', async () => {
    expect(Number.parseInt(await postgresVersion(process.env.TEST_DATABASE_URL!), 10)).toBeGreaterThanOrEqual(15);
  });

  test('two databases share no table, and each is gone after its scope', async () => {
    let left: string;
    {
      await using one = await createDatabase();
      await using other = await createDatabase();
      left = one.url;
      const sql = postgres(one.url, { max: 1 });
      await sql`create table seen (id int)`;
      const elsewhere = postgres(other.url, { max: 1 });
      expect(await elsewhere`select tablename from pg_tables where tablename = 'seen'`).toHaveLength(0);
      await elsewhere.end();
      // `sql` stays connected: a database goes even while somebody is in it.
    }
    await expect(postgresVersion(left)).rejects.toMatchObject({ code: '3D000' });
  });
});
