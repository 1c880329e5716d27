// A database of a test's own on the run's Postgres, so that tests never meet.
import { randomBytes } from 'node:crypto';
import postgres from 'postgres';

/** An empty database, dropped with everybody in it when it goes out of scope. */
export interface Database extends AsyncDisposable {
  readonly url: string;
}

export const createDatabase = async (server = process.env.TEST_DATABASE_URL): Promise<Database> => {
  if (!server) throw new Error('TEST_DATABASE_URL is not set: run the tests through npm test or vitest.');
  const name = `hermit_${randomBytes(8).toString('hex')}`;
  const administer = async (statement: (sql: postgres.Sql) => Promise<unknown>) => {
    const sql = postgres(server, { max: 1, connect_timeout: 10, onnotice: () => {} });
    try {
      await statement(sql);
    } finally {
      await sql.end({ timeout: 1 });
    }
  };
  await administer((sql) => sql`create database ${sql(name)}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    [Symbol.asyncDispose]: () => administer((sql) => sql`drop database if exists ${sql(name)} with (force)`),
  };
};
