// A relay that cannot start: it names the variable and what was expected, and ends with 1.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, type Database } from '../services/databases.ts';
import { HermitProcess } from './kit/hermit-process.ts';
import { until } from './kit/wait.ts';

const JWT_SECRET = 'the-secret-of-a-test-with-over-32-characters';
let directory: string;
let database: Database;
const other = createServer();
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'hermit-start-'));
  writeFileSync(join(directory, 'file'), '');
  database = await createDatabase();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  other.close();
  await database?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

const relay = (env: Record<string, string>) =>
  new HermitProcess('relay', [], { HOST: '127.0.0.1', PORT: '0', HERMIT_DATA_DIR: join(directory, 'data'), ...env });

test('a port that is taken, a foreign address, a directory that cannot be, a URL that is none', async () => {
  const port = `${(other.address() as AddressInfo).port}`;
  const cases: [Record<string, string>, RegExp][] = [
    [{ PORT: port, HERMIT_DATA_DIR: join(directory, 'a') }, /^hermit-relay: PORT must be a free port/m],
    [{ HOST: '203.0.113.7', HERMIT_DATA_DIR: join(directory, 'b') }, /^hermit-relay: HOST must be an address of this/m],
    [{ HERMIT_DATA_DIR: join(directory, 'file', 'data') }, /^hermit-relay: HERMIT_DATA_DIR must be a directory/m],
    [{ DATABASE_URL: 'postgres://h:port/d', JWT_SECRET }, /^hermit-relay: DATABASE_URL must be a URL like/m],
    [{ REDIS_URL: 'redis://h:6379', JWT_SECRET }, /^hermit-relay: DATABASE_URL must be set when REDIS_URL is/m],
  ];
  await Promise.all(
    cases.map(async ([env, said]) => {
      await using process = relay(env);
      expect(await process.end()).toBe(1);
      expect(process.stderr).toMatch(said);
      expect(process.stdout).not.toContain('"listening"');
    }),
  );
});

test('a second pod at one Postgres, without Redis', async () => {
  const env = { DATABASE_URL: database.url, JWT_SECRET };
  await using first = relay(env);
  await until(`the first serves\n${first.stdout}`, () => first.stdout.includes('"listening"'), 30_000);
  const { address } = JSON.parse(first.stdout.split('\n').find((line) => line.includes('"listening"')) ?? '{}');
  const ready = await fetch(`${address}/readyz`);
  expect(await ready.json()).toEqual({ status: 'ready', missing: [], embedded: ['redis'] });
  await using second = relay(env);
  expect(await second.end()).toBe(1);
  expect(second.stderr).toContain('hermit-relay: cannot start: another pod serves this database');
  first.kill('SIGTERM');
  await first.end();
  await using third = relay(env);
  await until(`the next one serves\n${third.stdout}`, () => third.stdout.includes('"listening"'), 30_000);
});
