// Makes the directory that a relay of one process keeps everything in.
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * With what is missing above it; only this user may look into what is made. Step by step: where a file system refuses new
 * directories with ENOENT, as /proc does, Node's own recursive `mkdir` tries again for ever.
 */
export async function makeDataDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return;
    if (code !== 'ENOENT' || (await exists(dirname(path)))) throw error;
    await makeDataDirectory(dirname(path));
    await makeDataDirectory(path);
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
