// One process at a time: a lock file, with a deadline for who waits and a way out when its owner has died.
import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

export type LockOptions = {
  /** How long to wait for others, milliseconds. */
  deadlineMs?: number;
  /** A lock older than this belongs to nobody, whatever it says, milliseconds. Longer than any work under it. */
  staleMs?: number;
};

/** Thrown when others hold the lock for too long. */
export class LockTimeout extends Error {
  constructor(path: string) {
    super(`Another hermit holds ${path}. If none is running, remove that file.`);
    this.name = 'LockTimeout';
  }
}

/** Runs `work` while no other process holds the lock at `path`. */
export async function withLock<T>(path: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  const { deadlineMs = 30_000, staleMs = 60_000 } = options;
  const mine = JSON.stringify({ id: randomUUID(), pid: process.pid, host: hostname() });
  const end = Date.now() + deadlineMs;
  while (!(await taken(path, mine))) {
    if (await isAbandoned(path, staleMs)) await remove(path);
    else if (Date.now() >= end) throw new LockTimeout(path);
    else await sleep(20 + Math.random() * 40);
  }
  try {
    return await work();
  } finally {
    if ((await contents(path)) === mine) await rm(path, { force: true });
  }
}

async function taken(path: string, mine: string): Promise<boolean> {
  try {
    await writeFile(path, mine, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function isAbandoned(path: string, staleMs: number): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > staleMs) return true;
    const owner = JSON.parse((await contents(path)) || '{}') as { pid?: unknown; host?: unknown };
    return typeof owner.pid === 'number' && owner.host === hostname() && !isAlive(owner.pid);
  } catch {
    return false; // gone, or being written
  }
}

/** By a rename, so that of several who found it abandoned only one removes it. */
async function remove(path: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  await rm(aside, { force: true });
}

async function contents(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
