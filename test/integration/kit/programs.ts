// Hermit's programs as tests start them: bundled, once for a run. A process of some hundred modules spends most of its
// start on finding them and stripping their types, and a run starts hundreds of processes.
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'vite';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** Below the installed packages, which the programs find from there. */
const PLACE = join(ROOT, 'node_modules', '.cache', 'hermit-tests');
const VARIABLE = 'HERMIT_TEST_PROGRAMS';

const SOURCES = {
  relay: 'services/relay/src/main.ts',
  agent: 'services/agent/src/main.ts',
  hermit: 'packages/cli/src/main.ts',
  // Started by the agent, which looks for it beside itself.
  thread: 'services/agent/src/screen/thread.ts',
  // Loaded before a program (node --import): they share its limits, and so have to be built with it.
  'short-lives': 'test/integration/kit/short-lives.ts',
  'short-probes': 'test/integration/kit/short-probes.ts',
  'short-leases': 'test/integration/operator/short-leases.ts',
} as const;

/** They read files of their own, or are not JavaScript. */
const AS_INSTALLED = [
  'argon2',
  'node-pty',
  'pino',
  '@electric-sql/pglite',
  '@electric-sql/pglite-socket',
  '@fastify/swagger',
  '@fastify/swagger-ui',
];
/** The one module that looks for what is built with it. */
const BESIDE = '/screen/worker.ts';
/** So long after its last run started, a bundle of sources that have changed since is removed; milliseconds. */
const KEPT = 7 * 24 * 3_600_000;

export type Program = keyof typeof SOURCES;

/** The file of a program, to be given to Node. */
export function program(name: Program): string {
  const directory = process.env[VARIABLE];
  if (!directory) throw new Error(`${VARIABLE} is not set: run the tests through npm test or vitest.`);
  return join(directory, `${name}.js`);
}

/** For NODE_OPTIONS of a program. */
export const preload = (name: Program): string => `--import=${pathToFileURL(program(name))}`;

/** A module finds what lies beside its source where it was. */
const ownAddresses = {
  name: 'own-addresses',
  enforce: 'pre' as const,
  transform(code: string, id: string) {
    const ours = id.startsWith(ROOT) && !id.includes('/node_modules/') && !id.endsWith(BESIDE);
    if (!ours || !code.includes('import.meta.url')) return undefined;
    return { code: code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href)), map: null };
  },
};

const bundle = async (outDir: string): Promise<void> => {
  const input = Object.fromEntries(Object.entries(SOURCES).map(([name, path]) => [name, join(ROOT, path)]));
  const conditions = ['@hermit/source', 'node'];
  await build({
    root: ROOT,
    configFile: false,
    envDir: false,
    logLevel: 'warn',
    plugins: [ownAddresses],
    resolve: { conditions },
    ssr: { noExternal: true, external: AS_INSTALLED, resolve: { conditions } },
    build: {
      ssr: true,
      target: 'node24',
      outDir,
      minify: false,
      rolldownOptions: { input, output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' } },
    },
  });
  await writeFile(join(outDir, 'package.json'), '{ "type": "module" }\n');
};

const digest = async (directory: string): Promise<string> => {
  const hash = createHash('sha256');
  for (const name of (await readdir(directory)).sort()) hash.update(name).update(await readFile(join(directory, name)));
  return hash.digest('hex').slice(0, 16);
};

/** Global setup: named by what is in them, so that what Node has compiled of them serves the next run, too. */
export default async function providePrograms(): Promise<void> {
  if (process.env[VARIABLE]) return;
  await mkdir(PLACE, { recursive: true });
  for (const name of await readdir(PLACE)) {
    const path = join(PLACE, name);
    const old = name.startsWith('programs-') && (await stat(path)).mtimeMs < Date.now() - KEPT;
    if (old) await rm(path, { recursive: true, force: true });
  }
  const draft = await mkdtemp(join(PLACE, 'programs-'));
  await bundle(draft).catch(async (error: unknown) => {
    await rm(draft, { recursive: true, force: true });
    throw error;
  });
  const place = join(PLACE, `programs-${await digest(draft)}`);
  // Of several runs that make it at once, and of earlier ones, the first one's is kept.
  await rename(draft, place).catch(() => rm(draft, { recursive: true, force: true }));
  await utimes(place, new Date(), new Date());
  process.env[VARIABLE] = place;
}
