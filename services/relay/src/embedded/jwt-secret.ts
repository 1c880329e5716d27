// The secret of the embedded start: made once, kept in the data directory, for its owner's eyes alone.
import { randomBytes } from 'node:crypto';
import { chmod, link, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDataDirectory } from './data-directory.ts';

/** Reads the secret of this data directory, and makes it at the first start. Two starts at once agree on one. */
export async function keepJwtSecret(dataDir: string): Promise<string> {
  await makeDataDirectory(dataDir);
  const file = join(dataDir, 'jwt-secret');
  const kept = await read(file);
  if (kept !== undefined) return kept;

  // Written aside and linked into place: nobody ever reads half a secret, and the first link wins.
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await unlink(draft);
  }
  const made = await read(file);
  if (made === undefined) throw new Error(`${file} vanished while it was being made`);
  return made;
}

async function read(file: string): Promise<string | undefined> {
  let text: string;
  try {
    text = (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  if (text.length < 32) throw new Error(`${file} holds no secret: remove it, and everybody logs in anew`);
  await chmod(file, 0o600);
  return text;
}
