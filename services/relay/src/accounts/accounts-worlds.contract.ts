// Accounts on each database they run on, with a clock that is moved by hand.
import type { Sql } from 'postgres';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { createDataDirectory } from '../../../../test/services/data-directory.ts';
import { createDatabase } from '../../../../test/services/databases.ts';
import { createTokenKeys } from '../auth/token-keys.ts';
import { createTokens, type Tokens } from '../auth/tokens.ts';
import { type Accounts, type AccountsChange, type AccountsOptions, createAccounts, type User } from './accounts.ts';
import { type Database, openDatabase } from './database.ts';
import { migrate } from './migrate.ts';
import { createPasswords } from './passwords.ts';

export const PASSWORD = 'correct horse';

export type AccountsWorld = {
  readonly accounts: Accounts;
  readonly sql: Sql;
  readonly tokens: Tokens;
  /** What open sockets would have been told; emptied for each test. */
  readonly changes: AccountsChange[];
  /** Milliseconds since 1970. */
  now(): number;
  advance(ms: number): void;
  /** A new user. */
  person(): Promise<User>;
  /** Accounts with other options, on the same database. */
  make(over: Partial<AccountsOptions>): Accounts;
  /** The same accounts, as they are when no token can be signed: no login comes about. */
  signingFails(): Accounts;
};

const servers: Record<string, () => Promise<{ url?: string; dataDir: string; dispose(): Promise<void> }>> = {
  Postgres: async () => {
    const database = await createDatabase();
    return { url: database.url, dataDir: '', dispose: async () => database[Symbol.asyncDispose]() };
  },
  'the embedded Postgres': async () => {
    const directory = await createDataDirectory();
    return { dataDir: directory.path, dispose: async () => directory[Symbol.asyncDispose]() };
  },
};

const passwords = createPasswords({ cost: { memoryCost: 1024, timeCost: 2, parallelism: 1 } });
let serial = 0;

/** Called inside a `describe`, `start` sets its hooks, and returns what gives each test its world. */
export const accountsWorlds = Object.entries(servers).map(
  ([name, server]) => [name, () => worldsOn(server)] as [string, () => () => AccountsWorld],
);

function worldsOn(start: (typeof servers)[string]): () => AccountsWorld {
  let running: Awaited<ReturnType<typeof start>>;
  let database: Database;
  let world: AccountsWorld;
  beforeAll(async () => {
    running = await start();
    database = await openDatabase({
      database: { url: running.url, ca: undefined, pool: 10 },
      dataDir: running.dataDir,
    });
    await migrate(database.sql);
  });
  afterAll(async () => {
    await database?.close();
    await running?.dispose();
  });
  beforeEach(() => {
    world = worldOf(database.sql);
  });
  return () => world;
}

function worldOf(sql: Sql): AccountsWorld {
  let now = Date.now();
  const changes: AccountsChange[] = [];
  const tokens = createTokens(createTokenKeys(['a-secret-of-more-than-32-characters']), () => now);
  const make = (over: Partial<AccountsOptions> = {}) =>
    createAccounts({ sql, passwords, tokens, onChange: (change) => changes.push(change), now: () => now, ...over });
  const accounts = make();
  return {
    accounts,
    sql,
    tokens,
    changes,
    now: () => now,
    advance(ms) {
      now += ms;
    },
    person: () => accounts.register({ email: `person-${++serial}@example.org`, password: PASSWORD }),
    make,
    signingFails: () => make({ tokens: { ...tokens, signRefresh: () => Promise.reject(new Error('no key')) } }),
  };
}
