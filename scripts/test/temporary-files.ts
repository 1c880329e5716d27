// Where a run keeps its temporary files: in memory, where there is room for them. The databases of the tests make and
// remove some ten thousand files, and a file system on a disk looks long for a place for each: a twentieth of all the
// processor time of a run.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { freemem } from 'node:os';
import { join } from 'node:path';
import type { Warden } from '../warden.ts';

const place = '/dev/shm';
/** A run has kept 330 MB at most; bytes. */
const room = 2 * 1_073_741_824;

const hasRoom = (): boolean => {
  try {
    const { bavail, bsize } = statfsSync(place);
    return bavail * bsize > room && freemem() > 2 * room;
  } catch {
    return false;
  }
};

/** Tests start programs that they wrote themselves, which a machine may forbid there. */
const runsPrograms = (directory: string): boolean => {
  const script = join(directory, 'probe');
  try {
    writeFileSync(script, '#!/bin/sh\n', { mode: 0o755 });
    execFileSync(script, { timeout: 10_000 });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(script, { force: true });
  }
};

/** Sets TMPDIR for everything that the run starts, unless somebody has; the result removes what is left there. */
export const keepTemporaryFilesInMemory = (warden: Warden): (() => void) => {
  if (process.env.TMPDIR || !hasRoom()) return () => {};
  const directory = mkdtempSync(join(place, 'hermit-'));
  const remove = () => {
    try {
      rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
    } catch (error) {
      // A program that still writes there is no reason to keep the outcome of the run to ourselves.
      console.error(`Left behind: ${directory} (${error instanceof Error ? error.message : error})`);
    }
  };
  if (!runsPrograms(directory)) {
    remove();
    return () => {};
  }
  warden.guard({ kind: 'dir', value: directory });
  // Servers that run as somebody else pass through it to what is theirs.
  chmodSync(directory, 0o711);
  process.env.TMPDIR = directory;
  return remove;
};
