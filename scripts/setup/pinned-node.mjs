// The Node that the project is made for, which npm installs where the machine's own is older.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const wantedMajor = 24;
const binaries = join(root, 'node_modules', '.bin');

/** @param {string} version Such as "v24.1.0". */
const major = (version) => Number(version.replace(/^v/, '').split('.')[0]);

/** @param {string} path */
const runs = (path) => {
  const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
  return status === 0 && major(stdout.trim()) === wantedMajor;
};

/** The path of a Node of the wanted major version; undefined where there is none. @returns {string | undefined} */
export const pinnedNode = () => {
  const installed = join(root, 'node_modules', 'node', 'bin', 'node');
  if (existsSync(installed) && runs(installed)) return installed;
  return major(process.version) === wantedMajor ? process.execPath : undefined;
};

/** Runs a TypeScript file of ours under the pinned Node, in the foreground, and ends as it ends. @param {string} file @param {readonly string[]} args */
export const handOver = (file, args) => {
  const node = pinnedNode();
  if (!node) {
    console.error(`Node ${wantedMajor} is needed and was not found; npm ci installs it here.`);
    process.exit(1);
  }
  const child = spawn(node, ['--conditions=@hermit/source', join(root, file), ...args], {
    stdio: 'inherit',
    env: { ...process.env, PATH: `${binaries}${delimiter}${process.env.PATH ?? ''}` },
  });
  // Ctrl-C reaches both of us, a signal from elsewhere us alone: it takes the second one for the first.
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => child.kill(signal));
  }
  child.once('error', (error) => {
    console.error(`${node} did not start: ${error.message}`);
    process.exit(1);
  });
  child.once('exit', (code, signal) => process.exit(code ?? 128 + (signal ? constants.signals[signal] : 0)));
};

/** Says so and ends where even the first steps cannot run. */
export const refuseOldNode = () => {
  if (major(process.version) >= 20) return;
  console.error(`Hermit needs Node 20 or newer to start (it then brings its own), and this is ${process.version}.`);
  process.exit(1);
};
