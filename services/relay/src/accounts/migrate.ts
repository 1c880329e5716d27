// Brings the database's schema up to date: numbered SQL files, each run once, however many pods start at once.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Sql } from 'postgres';
import { isUnreachable } from './availability.ts';

/** The advisory lock of migrations: "hermit" in ASCII. */
const LOCK = '114784820031860';
/** Milliseconds that a pod waits for another one's migrations. */
const LOCK_WAIT = 120_000;

export type Migration = { readonly id: number; readonly name: string; readonly sql: string };

/** The migrations that ship with this relay, in order. */
export async function readMigrations(folder = new URL('./migrations/', import.meta.url)): Promise<Migration[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort();
  const migrations = await Promise.all(
    files.map(async (file) => ({
      id: Number(file.slice(0, 4)),
      name: basename(file, '.sql'),
      sql: await readFile(new URL(file, folder), 'utf8'),
    })),
  );
  migrations.forEach(({ id, name }, index) => {
    if (id !== index + 1) throw new Error(`migration ${name} should be number ${index + 1}`);
  });
  return migrations;
}

type MigrateOptions = {
  migrations?: readonly Migration[];
  /** Milliseconds to go on trying while the database cannot be reached: it may be starting too. */
  patience?: number;
  log?: (line: string) => void;
};

/** Runs what has not run yet, and returns the names of what it ran. A newer schema than ours is left as it is. */
export async function migrate(sql: Sql, options: MigrateOptions = {}): Promise<string[]> {
  const { patience = 30_000, log = () => {} } = options;
  const migrations = options.migrations ?? (await readMigrations());
  const deadline = Date.now() + patience;
  for (let wait = 250; ; wait = Math.min(wait * 2, 4_000)) {
    try {
      return await runPending(sql, migrations, log);
    } catch (error) {
      if (!isUnreachable(error) || Date.now() + wait > deadline) throw error;
      log(`the database cannot be reached (${(error as { code?: string }).code}), trying again`);
      await new Promise((done) => setTimeout(done, wait * (0.5 + Math.random() / 2)));
    }
  }
}

/** One transaction for all: a lock that ends with it holds through connection poolers, and half a schema never stays. */
function runPending(sql: Sql, migrations: readonly Migration[], log: (line: string) => void): Promise<string[]> {
  return sql.begin(async (tx) => {
    await tx.unsafe(`set local lock_timeout = ${LOCK_WAIT}`);
    await tx`select pg_advisory_xact_lock(${LOCK})`;
    await tx`
      create table if not exists migrations (
        id integer primary key, name text not null, checksum text not null, applied_at timestamptz not null default now()
      )`;
    const rows = await tx<{ id: number; name: string; checksum: string }[]>`select id, name, checksum from migrations`;
    const applied = new Map(rows.map((row) => [row.id, row]));
    const ran: string[] = [];
    for (const migration of migrations) {
      const checksum = createHash('sha256').update(migration.sql).digest('hex');
      const before = applied.get(migration.id);
      if (before === undefined) {
        await tx.unsafe(migration.sql);
        await tx`insert into migrations (id, name, checksum) values (${migration.id}, ${migration.name}, ${checksum})`;
        log(`migrated the database: ${migration.name}`);
        ran.push(migration.name);
      } else if (before.checksum !== checksum) {
        throw new Error(`migration ${before.name} was changed after it ran: add a new one instead`);
      }
    }
    return ran;
  }) as Promise<string[]>;
}
