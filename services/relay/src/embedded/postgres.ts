// Postgres inside the relay's own process (PGlite), kept in the data directory and spoken to over a Unix socket.
import { createHash } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { access, lstat, mkdir, realpath, rename, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { makeDataDirectory } from './data-directory.ts';
import { takeLock } from './process-lock.ts';

/** What the address of a Unix socket holds on every system we run on; macOS has the least. */
const SOCKET_PATH_BYTES = 100;

type EmbeddedPostgres = {
  /** Where it listens. Only this user can reach it: there is no password. */
  readonly socketPath: string;
  close(): Promise<void>;
};

/**
 * Opens the database of a data directory, and makes it at the first start. A second process would destroy it, so this
 * rejects when another relay runs there.
 */
export async function startEmbeddedPostgres(dataDir: string): Promise<EmbeddedPostgres> {
  await makeDataDirectory(dataDir);
  await access(dataDir, constants.W_OK);
  const unlock = takeLock(join(dataDir, 'lock'));
  if (unlock === undefined) {
    throw new Error(`another relay runs with the data directory ${dataDir}: stop it, or set HERMIT_DATA_DIR`);
  }
  try {
    const sockets = await socketDirectory(await realpath(dataDir));
    // Loaded only here: a clustered pod never pays for it.
    const [{ PGlite }, { PGLiteSocketServer }] = await Promise.all([
      import('@electric-sql/pglite'),
      import('@electric-sql/pglite-socket'),
    ]);
    const files = join(dataDir, 'postgres');
    if (!existsSync(files)) {
      // Made aside and moved into place: a first start that is killed half-way leaves nothing that looks like a database.
      const draft = `${files}.new`;
      await rm(draft, { recursive: true, force: true });
      await (await PGlite.create({ dataDir: draft })).close();
      await rename(draft, files);
    }
    const database = await PGlite.create({ dataDir: files });
    const socketPath = join(sockets, 'postgres.sock');
    await rm(socketPath, { force: true });
    // The relay uses one connection; the room is for one that is just being replaced.
    const server = new PGLiteSocketServer({ db: database, path: socketPath, maxConnections: 4 });
    await server.start();
    return {
      socketPath,
      async close() {
        await server.stop();
        await database.close();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

/** The data directory itself or, where its path is too long for a socket, one of this user's that its path names. */
async function socketDirectory(dataDir: string): Promise<string> {
  if (Buffer.byteLength(join(dataDir, 'postgres.sock')) < SOCKET_PATH_BYTES) return dataDir;
  const { uid } = userInfo();
  const name = createHash('sha256').update(dataDir).digest('hex').slice(0, 16);
  const directory = join(tmpdir(), `hermit-${uid}-${name}`);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const found = await lstat(directory);
  // Anybody can make directories in there: one that others can enter would open the database to them.
  if (!found.isDirectory() || (uid !== -1 && found.uid !== uid) || (found.mode & 0o077) !== 0) {
    throw new Error(
      `${directory} must be a directory of this user's alone: remove it, or set a shorter HERMIT_DATA_DIR`,
    );
  }
  return directory;
}
