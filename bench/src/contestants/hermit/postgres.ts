// A Postgres of one contestant, from the binaries of this machine: formatted once in a run and copied for each stage.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readdir } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import postgres from 'postgres';
import { freePort } from '../../../../test/services/server-process.ts';
import type { Stage } from '../../machine/stage.ts';

const run = promisify(execFile);

const START_MS = 20_000;
/** Where distributions keep the binaries off the PATH, a directory for each version. */
const PLACES = ['/usr/lib/postgresql', '/opt/homebrew/opt'];
/** Nothing is worth waiting for a disk. */
const SETTINGS = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  // Kept with the data, and removed with it: a server that is killed leaves it behind.
  'dynamic_shared_memory_type=mmap',
];
const FORMAT = ['-U', 'hermit', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];

/**
 * URL of an empty database: of a new server, which ends with the stage, or a new one beside the database that
 * BENCH_DATABASE_URL names, whose user has to be allowed to create them.
 */
export async function startPostgres(stage: Stage): Promise<string> {
  const shared = process.env.BENCH_DATABASE_URL;
  if (shared) return createDatabase(shared, stage);
  const binaries = await findBinaries();
  const data = join(stage.directory, 'postgres');
  await cp(await template(dirname(stage.directory), binaries), data, { recursive: true });
  const prefix = await disguise(stage.directory, data);
  const port = await freePort();
  const args = ['-D', data, '-p', `${port}`, ...SETTINGS.flatMap((setting) => ['-c', setting])];
  const [command = '', ...rest] = [...prefix, join(binaries, 'postgres'), ...args];
  const server = stage.command('postgres', command, rest);
  const url = `postgres://hermit@127.0.0.1:${port}/postgres`;
  const deadline = performance.now() + START_MS;
  while (!(await answers(url))) {
    if (!server.alive) throw new Error('Postgres ended while it started.');
    if (performance.now() > deadline) throw new Error(`Postgres did not answer within ${START_MS} ms.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return url;
}

/** Dropped when the stage closes. */
async function createDatabase(url: string, stage: Stage): Promise<string> {
  const name = `hermit_bench_${stage.namespace.replace(/[^a-z0-9]/gi, '_').toLowerCase()}`;
  const ask = async (statement: (sql: postgres.Sql) => PromiseLike<unknown>) => {
    const sql = postgres(url, { max: 1, connect_timeout: 5, onnotice: () => undefined });
    await statement(sql);
    await sql.end({ timeout: 1 });
  };
  await ask((sql) => sql`create database ${sql(name)}`);
  stage.atClose(() => ask((sql) => sql`drop database if exists ${sql(name)} with (force)`));
  const its = new URL(url);
  its.pathname = `/${name}`;
  return its.href;
}

async function findBinaries(): Promise<string> {
  const versioned: string[] = [];
  for (const place of PLACES) {
    const versions = await readdir(place).catch(() => []);
    versioned.push(...versions.sort().map((version) => join(place, version, 'bin')));
  }
  const places = [...(process.env.PATH ?? '').split(delimiter), ...versioned.reverse()];
  const found = places.find((place) => existsSync(join(place, 'initdb')) && existsSync(join(place, 'postgres')));
  if (found) return found;
  throw new Error('Postgres is not installed. Install it, or name an empty database in BENCH_DATABASE_URL.');
}

let formatted: Promise<string> | undefined;

/** The files of an empty server, made when they are first needed. */
function template(runDirectory: string, binaries: string): Promise<string> {
  formatted ??= (async () => {
    const data = join(runDirectory, 'postgres');
    await mkdir(data);
    const prefix = await disguise(runDirectory, data);
    const [command = '', ...args] = [...prefix, join(binaries, 'initdb'), ...FORMAT, '-D', data];
    await run(command, args, { cwd: '/' });
    return data;
  })();
  return formatted;
}

/** Postgres refuses to run as root: what makes a command run as the owner of `data`, which is somebody else then. */
async function disguise(directory: string, data: string): Promise<string[]> {
  if (process.getuid?.() !== 0) return [];
  // The others may pass through, and see nothing.
  await chmod(directory, 0o711);
  await run('chown', ['-R', 'nobody', data]);
  await chmod(data, 0o700);
  const { stdout } = await run('id', ['-u', 'nobody']);
  return ['setpriv', `--reuid=${stdout.trim()}`, '--clear-groups'];
}

async function answers(url: string): Promise<boolean> {
  const sql = postgres(url, { max: 1, connect_timeout: 2, onnotice: () => undefined });
  try {
    await sql`select 1`;
    return true;
  } catch {
    return false;
  } finally {
    await sql.end({ timeout: 1 });
  }
}
