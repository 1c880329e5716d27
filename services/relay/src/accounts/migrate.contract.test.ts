// Migrations: each runs once, however many pods start, on Postgres and inside the relay.
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import postgres from 'postgres';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createDataDirectory } from '../../../../test/services/data-directory.ts';
import { createDatabase } from '../../../../test/services/databases.ts';
import { createTokenKeys } from '../auth/token-keys.ts';
import { createTokens } from '../auth/tokens.ts';
import { createAccounts } from './accounts.ts';
import { openDatabase } from './database.ts';
import { type Migration, migrate, readMigrations } from './migrate.ts';
import { createPasswords } from './passwords.ts';

const cheap = createPasswords({ cost: { memoryCost: 1024, timeCost: 2, parallelism: 1 } });
const shipped = await readMigrations();
const secret = ['a-secret-of-more-than-32-characters'];

async function freshPostgres(): Promise<string> {
  const database = await createDatabase();
  onTestFinished(() => database[Symbol.asyncDispose]());
  return database.url;
}

function connect(url: string) {
  const sql = postgres(url, { max: 2, onnotice: () => {} });
  onTestFinished(() => sql.end({ timeout: 1 }));
  return sql;
}

async function temporary(): Promise<string> {
  const directory = await createDataDirectory();
  onTestFinished(async () => directory[Symbol.asyncDispose]());
  return directory.path;
}
const embedded = (dataDir: string) => openDatabase({ database: { url: undefined, ca: undefined, pool: 10 }, dataDir });

describe('ten pods that start at once', () => {
  it('run each migration once', async () => {
    const url = await freshPostgres();
    const ran = await Promise.all(Array.from({ length: 10 }, () => migrate(connect(url))));
    expect(ran.flat()).toEqual(shipped.map(({ name }) => name));
    const sql = connect(url);
    expect(await sql`select id, name from migrations order by id`).toEqual(
      shipped.map(({ id, name }) => ({ id, name })),
    );
    const tables = await sql`select tablename from pg_tables where schemaname = 'public' order by 1`;
    const names = tables.map((row) => row.tablename);
    expect(names).toEqual(expect.arrayContaining(['machines', 'migrations', 'refresh_tokens', 'shares', 'users']));
  });

  it('have one first user, who is the administrator', async () => {
    const url = await freshPostgres();
    await migrate(connect(url));
    const users = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        createAccounts({ sql: connect(url), passwords: cheap, tokens: createTokens(createTokenKeys(secret)) }).register(
          {
            email: `user-${i}@example.org`,
            password: 'correct horse',
          },
        ),
      ),
    );
    expect(users.filter((user) => user.administrator)).toHaveLength(1);
  });
});

describe('a migration', () => {
  const first: Migration = { id: 1, name: '0001-first', sql: 'create table one (a integer)' };

  it('that fails leaves nothing behind, also of those before it', async () => {
    const sql = connect(await freshPostgres());
    const broken = { id: 2, name: '0002-broken', sql: 'create table two (a integer); select nonsense' };
    await expect(migrate(sql, { migrations: [first, broken] })).rejects.toThrow('nonsense');
    expect(await sql`select tablename from pg_tables where schemaname = 'public'`).toHaveLength(0);
    expect(await migrate(sql, { migrations: [first] })).toEqual(['0001-first']);
  });

  it('is added to what ran before, and a newer schema is left alone', async () => {
    const sql = connect(await freshPostgres());
    const second = { id: 2, name: '0002-second', sql: 'alter table one add b integer' };
    expect(await migrate(sql, { migrations: [first] })).toEqual(['0001-first']);
    expect(await migrate(sql, { migrations: [first, second] })).toEqual(['0002-second']);
    expect(await migrate(sql, { migrations: [first] })).toEqual([]);
  });

  it('that was changed after it ran is refused', async () => {
    const sql = connect(await freshPostgres());
    await migrate(sql, { migrations: [first] });
    const changed = { ...first, sql: 'create table one (b integer)' };
    await expect(migrate(sql, { migrations: [changed] })).rejects.toThrow('0001-first was changed after it ran');
  });
});

it('gives up when the database stays away, and says why', async () => {
  const url = new URL(await freshPostgres());
  url.port = '1';
  const lines: string[] = [];
  const migrating = migrate(connect(url.href), { patience: 600, log: (line) => lines.push(line) });
  await expect(migrating).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  expect(lines[0]).toContain('ECONNREFUSED');
});

describe('the database inside the relay', () => {
  it('is migrated once and keeps what it holds', async () => {
    const dataDir = await temporary();
    const options = { passwords: cheap, tokens: createTokens(createTokenKeys(secret)) };
    const before = await embedded(dataDir);
    expect(await migrate(before.sql)).toEqual(shipped.map(({ name }) => name));
    expect(await Promise.all([migrate(before.sql), migrate(before.sql)])).toEqual([[], []]);
    const email = 'ada@example.org';
    const user = await createAccounts({ sql: before.sql, ...options }).register({ email, password: 'correct horse' });
    await before.close();

    const after = await embedded(dataDir);
    onTestFinished(() => after.close());
    expect(await migrate(after.sql)).toEqual([]);
    expect(await createAccounts({ sql: after.sql, ...options }).userById(user.id)).toEqual(user);
  });

  it('is one process alone, also where its path is longer than the name of a socket can be', async () => {
    const directory = await temporary();
    const deep = join(directory, 'd'.repeat(60), 'e'.repeat(60));
    await mkdir(deep, { recursive: true });
    await rename(join(directory, 'postgres'), join(deep, 'postgres'));
    const one = await embedded(deep);
    onTestFinished(() => one.close());
    await one.ping();
    await expect(embedded(deep)).rejects.toThrow('another relay runs');
  });
});
