// One process at a time: the operating system's own lock on a file, which it takes back when its holder dies.
import { DatabaseSync } from 'node:sqlite';

/** What SQLite answers to all but the first; https://sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;

/** Locks that are held: one that nobody refers to would be collected, and so given back. */
const held = new Set<DatabaseSync>();

/**
 * Takes the lock and returns what gives it back, or undefined when a living process, this one included, holds it. Node
 * knows no file locks; SQLite has them on every system, and an exclusive transaction on an empty database is nothing
 * else. The file stays, and means nothing by itself.
 */
export function takeLock(path: string): (() => void) | undefined {
  const file = new DatabaseSync(path, { timeout: 0 });
  try {
    file.exec('BEGIN EXCLUSIVE');
    held.add(file);
    return () => {
      held.delete(file);
      file.close();
    };
  } catch (error) {
    file.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return undefined;
    throw error;
  }
}
