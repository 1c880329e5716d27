// Where this machine keeps the programs that tests need, and how they get there when it has none.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, readdir, readFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const executable = (path: string) =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

/** The full path of a command on PATH or in the usual places for daemons, which a user's PATH often leaves out. */
export const findCommand = async (name: string): Promise<string | undefined> => {
  const places = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/bin', '/opt/homebrew/bin'];
  for (const place of places) {
    if (place && (await executable(join(place, name)))) return join(place, name);
  }
  return undefined;
};

const majorVersion = async (command: string): Promise<number> => {
  const { stdout } = await run(command, ['--version']);
  return Number(/(\d+)\.\d+/.exec(stdout)?.[1] ?? 0);
};

/** Sharded publish and subscribe is what the bus is made of: Redis 7. */
export const findRedis = async (): Promise<string | undefined> => {
  const found = await findCommand('redis-server');
  return found && (await majorVersion(found)) >= 7 ? found : undefined;
};

/** The directory with initdb and postgres, the newest of at least 15. Debian keeps one per version, off the PATH. */
export const findPostgres = async (): Promise<string | undefined> => {
  const onPath = await findCommand('initdb');
  const roots = ['/usr/lib/postgresql', '/opt/homebrew/opt', '/usr/local/opt'];
  const versioned = await Promise.all(
    roots.map(async (root) => {
      const entries = await readdir(root).catch(() => []);
      return entries.filter((entry) => /^(postgresql@)?\d+$/.test(entry)).map((entry) => join(root, entry, 'bin'));
    }),
  );
  const version = (path: string) => Number(/(\d+)\/bin$/.exec(path)?.[1] ?? 0);
  const newestFirst = versioned.flat().sort((a, b) => version(b) - version(a));
  for (const place of [...newestFirst, ...(onPath ? [dirname(onPath)] : [])]) {
    const postgres = join(place, 'postgres');
    if ((await executable(postgres)) && (await majorVersion(postgres)) >= 15) return place;
  }
  return undefined;
};

/** May we install packages here: root, on a system with apt. */
export const canInstall = async (): Promise<boolean> => {
  if (process.getuid?.() !== 0) return false;
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(release) && (await findCommand('apt-get')) !== undefined;
};

/** Installs Debian packages without questions. Their daemons are not wanted: the tests start their own. */
export const installPackages = async (packages: readonly string[]): Promise<void> => {
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  let log = '';
  const aptGet = async (...args: string[]) => {
    const child = spawn('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=300', ...args], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 15 * 60_000,
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        log = (log + text).slice(-4_096);
      });
    }
    const [code] = await once(child, 'close');
    return code === 0;
  };
  const install = ['install', '-y', '--no-install-recommends', ...packages];
  if (await aptGet(...install)) return;
  // The usual reason: the lists are old, or were never fetched.
  log = '';
  if ((await aptGet('update')) && (await aptGet(...install))) return;
  throw new Error(`apt-get could not install ${packages.join(', ')}:\n${log.trim()}`);
};
