// A Postgres server of the tests' own, from the local binaries; never as root, which Postgres refuses.
import { execFile } from 'node:child_process';
import { chown } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import postgres from 'postgres';
import type { Warden } from '../../scripts/warden.ts';
import {
  freePort,
  type Identity,
  type Server,
  ServerProcess,
  temporaryDirectory,
  untilReady,
} from './server-process.ts';

const run = promisify(execFile);

/** The version of the server behind `url`; rejects when it does not answer at once. */
export const postgresVersion = async (url: string): Promise<string> => {
  const sql = postgres(url, { max: 1, connect_timeout: 5, onnotice: () => {} });
  try {
    const [row] = await sql<{ server_version: string }[]>`show server_version`;
    return row?.server_version ?? 'unknown';
  } finally {
    await sql.end({ timeout: 1 });
  }
};

/** Root needs somebody else to run Postgres; anybody else runs it as themselves. */
const identity = async (): Promise<Identity | undefined> => {
  if (process.getuid?.() !== 0) return undefined;
  for (const user of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = await Promise.all([run('id', ['-u', user]), run('id', ['-g', user])]);
      return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
    } catch {
      // No such user: the next one.
    }
  }
  throw new Error('Postgres does not run as root, and there is neither a user "postgres" nor "nobody".');
};

// The data is thrown away afterwards, so nothing waits for a disk.
const disposable = ['fsync=off', 'full_page_writes=off', 'synchronous_commit=off', 'unix_socket_directories='];
const roomForManyPods = ['max_connections=300', 'shared_buffers=64MB'];
// Shared memory lies with the data, and is removed with it: a server that is killed leaves it behind.
const keptWithTheData = ['dynamic_shared_memory_type=mmap'];
const settings = [...disposable, ...roomForManyPods, ...keptWithTheData, 'listen_addresses=127.0.0.1'];

export const startPostgres = async (binaries: string, warden: Warden): Promise<Server & { process: ServerProcess }> => {
  const as = await identity();
  const directory = await temporaryDirectory('postgres', warden);
  if (as) await chown(directory.path, as.uid, as.gid);
  const data = join(directory.path, 'data');
  const format = ['-U', 'hermit', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync', '-D', data];
  await run(join(binaries, 'initdb'), format, { cwd: directory.path, ...as });

  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const args = ['-D', data, '-p', `${port}`, ...settings.flatMap((pair) => ['-c', pair])];
    const running = new ServerProcess(join(binaries, 'postgres'), args, warden, { cwd: directory.path, as });
    const url = `postgres://hermit@127.0.0.1:${port}/postgres`;
    try {
      const version = await untilReady('Postgres', running, () => postgresVersion(url));
      const stop = async () => {
        // SIGQUIT is Postgres' immediate shutdown: nothing worth a checkpoint.
        await running.stop('SIGQUIT');
        await directory.remove();
      };
      return { url, label: `Postgres ${version}, ${binaries}`, process: running, stop };
    } catch (error) {
      await running.stop('SIGKILL');
      if (attempt === 3) {
        await directory.remove();
        throw error;
      }
    }
  }
};
