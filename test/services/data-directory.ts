// A data directory for an embedded relay, its database already made: making one takes seconds of computing.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEmbeddedPostgres } from '../../services/relay/src/embedded/postgres.ts';

interface DataDirectory extends AsyncDisposable {
  readonly path: string;
}

/** An empty database of a test's own, removed when it goes out of scope; copied from one that is made once and kept. */
export const createDataDirectory = async (): Promise<DataDirectory> => {
  const template = await templateDirectory();
  const path = await mkdtemp(join(tmpdir(), 'hermit-data-'));
  await cp(join(template, 'postgres'), join(path, 'postgres'), { recursive: true });
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
};

/** Kept beside the installed packages, under the version of the database that made it. */
const templateDirectory = async (): Promise<string> => {
  const modules = fileURLToPath(new URL('../../node_modules', import.meta.url));
  const about = await readFile(join(modules, '@electric-sql/pglite/package.json'), 'utf8');
  const { version } = JSON.parse(about) as { version: string };
  const template = join(modules, '.cache', 'hermit', `database-${version}`);
  if (existsSync(template)) return template;

  const draft = `${template}.${randomBytes(4).toString('hex')}`;
  await mkdir(dirname(draft), { recursive: true });
  await (await startEmbeddedPostgres(draft)).close();
  // Of several tests that make it at once, the first one's is kept.
  await rename(draft, template).catch(() => rm(draft, { recursive: true, force: true }));
  return template;
};
