// A lock that its owner may die with.
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LockTimeout, withLock } from './file-lock.ts';

let directory: string;
let lock: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'hermit-lock-'));
  lock = join(directory, 'lock');
});
afterEach(() => rm(directory, { recursive: true }));

const owner = (pid: number, host = hostname()) => JSON.stringify({ id: 'x', pid, host });

it('lets one in at a time', async () => {
  let inside = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 8 }, () =>
      withLock(lock, async () => {
        most = Math.max(most, ++inside);
        await new Promise((resolve) => setTimeout(resolve, 2));
        inside--;
      }),
    ),
  );
  expect(most).toBe(1);
  expect(await readdir(directory)).toEqual([]);
});

it('gives up in time while another process holds it', async () => {
  await writeFile(lock, owner(process.pid));
  await expect(withLock(lock, async () => {}, { deadlineMs: 100 })).rejects.toBeInstanceOf(LockTimeout);
});

it('is taken from a process that has died', async () => {
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  await writeFile(lock, owner(pid));
  expect(await withLock(lock, async () => 'in', { deadlineMs: 1_000 })).toBe('in');
});

it('is not taken from a process of another host, until it is too old', async () => {
  await writeFile(lock, owner(1, 'elsewhere'));
  await expect(withLock(lock, async () => {}, { deadlineMs: 100 })).rejects.toBeInstanceOf(LockTimeout);
  const long = new Date(Date.now() - 61_000);
  await utimes(lock, long, long);
  expect(await withLock(lock, async () => 'in', { deadlineMs: 1_000 })).toBe('in');
});
