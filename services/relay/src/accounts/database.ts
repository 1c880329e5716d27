// The way to the database: a pool of connections to Postgres, or one to the Postgres inside this process.
import postgres, { type Options, type PostgresType, type Sql } from 'postgres';
import type { Config } from '../config.ts';
import { startEmbeddedPostgres } from '../embedded/postgres.ts';

export type Database = {
  readonly sql: Sql;
  /** Inside this process, so for one pod alone. */
  readonly embedded: boolean;
  /** Resolves when the database has answered; for readiness. */
  ping(): Promise<void>;
  /** Lets what is under way finish for a few seconds, then leaves. */
  close(): Promise<void>;
};

/** Seconds. */
const CONNECT_TIMEOUT = 5;
const CLOSE_TIMEOUT = 5;

/** What every connection to the database is opened with. `ca`: who signed its certificate; demands TLS. */
export function connectionOptions(ca?: string): Options<Record<string, PostgresType>> {
  return {
    connect_timeout: CONNECT_TIMEOUT,
    connection: { application_name: 'hermit-relay' },
    onnotice: () => {},
    ...(ca === undefined ? {} : { ssl: { ca, rejectUnauthorized: true } }),
  };
}

/** Opens nothing yet where Postgres is elsewhere: connections are made when they are needed, and again when they break. */
export async function openDatabase(config: Pick<Config, 'database' | 'dataDir'>): Promise<Database> {
  const { url, ca, pool } = config.database;
  if (url !== undefined) {
    return database(postgres(url, { ...connectionOptions(ca), max: pool }), false, async () => {});
  }
  const embedded = await startEmbeddedPostgres(config.dataDir);
  // PGlite is one session: a second connection would share its transactions and unnamed statements with the first.
  const sql = postgres({
    ...connectionOptions(),
    path: embedded.socketPath,
    user: 'postgres',
    database: 'postgres',
    max: 1,
    max_lifetime: null,
  });
  return database(sql, true, () => embedded.close());
}

function database(sql: Sql, embedded: boolean, closeServer: () => Promise<void>): Database {
  return {
    sql,
    embedded,
    async ping() {
      await sql`select 1`;
    },
    async close() {
      await sql.end({ timeout: CLOSE_TIMEOUT });
      await closeServer();
    },
  };
}
