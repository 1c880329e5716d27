// Installs the dependencies where they are missing or are not those of the lock file.
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pinnedNode, root } from './pinned-node.mjs';
import { startProgress } from './progress.mjs';

/**
 * The packages of a lock file by their place. Hidden lock files, which npm keeps of what it installed, have this form too.
 * @param {string} path
 * @returns {Record<string, {version?: string, optional?: boolean, link?: boolean, resolved?: string}> | undefined}
 */
const lockedPackages = (path) => {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return undefined;
  }
};

/** Compares contents, not times: a checkout touches files, and an install of one package leaves the lock the newer one. */
const installedIsLocked = () => {
  const wanted = lockedPackages(join(root, 'package-lock.json'));
  const installed = lockedPackages(join(root, 'node_modules', '.package-lock.json'));
  if (!wanted || !installed) return false;
  return Object.entries(wanted).every(([place, entry]) => {
    if (!place.startsWith('node_modules/') || entry.optional) return true;
    const present = installed[place];
    return present?.version === entry.version && Boolean(present?.link) === Boolean(entry.link);
  });
};

const isInstalled = () => existsSync(join(root, 'node_modules')) && pinnedNode() !== undefined && installedIsLocked();

/**
 * The npm that runs us, or the one on the PATH.
 * @returns {[string, string[]]}
 */
const npm = () => {
  const running = process.env.npm_execpath;
  return running?.endsWith('.js') && existsSync(running) ? [process.execPath, [running]] : ['npm', []];
};

/** @param {string} logPath @returns {Promise<{code: number, output: string}>} */
const cleanInstall = (logPath) =>
  new Promise((resolve) => {
    const log = createWriteStream(logPath);
    /** @type {Buffer[]} */
    const output = [];
    const [command, before] = npm();
    // The pinned Node, the compiler and the test runner are development dependencies, wanted whatever NODE_ENV says.
    const args = [...before, 'ci', '--include=dev', '--no-audit', '--no-fund', '--foreground-scripts'];
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => {
        log.write(data);
        output.push(data);
      });
    }
    child.once('error', (error) => output.push(Buffer.from(`${error.message}\n`)));
    child.once('close', (code) => {
      log.end();
      resolve({ code: code ?? 1, output: Buffer.concat(output).toString('utf8') });
    });
    // npm would finish or undo its work first, which takes as long as it likes. Half an install is simply done again.
    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
      process.on(signal, () => {
        child.removeAllListeners('close');
        child.once('close', () => process.exit(130));
        child.kill('SIGTERM');
        setTimeout(() => child.kill('SIGKILL'), 1_500);
      });
    }
  });

/** Resolves when everything is installed; ends the process with a sentence and npm's own words when that fails. */
export const installWhatIsMissing = async () => {
  if (isInstalled()) return;
  const logs = join(root, '.hermit');
  mkdirSync(logs, { recursive: true });
  const logPath = join(logs, 'install.log');
  const first = !existsSync(join(root, 'node_modules', '.package-lock.json'));
  const progress = startProgress(first ? 'Installing dependencies' : 'Updating dependencies');
  const { code, output } = await cleanInstall(logPath);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(signal);
  if (code === 0 && isInstalled()) {
    progress.done();
    return;
  }
  progress.fail('failed');
  console.error(output.trimEnd());
  const why =
    code === 0
      ? 'npm reports success, and yet the pinned Node or a package is missing. Does your npm configuration forbid install scripts (ignore-scripts)?'
      : 'npm could not install the dependencies. Is the registry within reach?';
  console.error(`\n${why}\nIts whole output is kept in ${logPath}.`);
  process.exit(1);
};
