#!/usr/bin/env node
// npm run build: what is published and put into images, in dist/ of each workspace, in the order of their dependencies.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { installWhatIsMissing } from './setup/install.mjs';
import { handOver, pinnedNode, refuseOldNode, root } from './setup/pinned-node.mjs';
import { startProgress } from './setup/progress.mjs';

const workspaces = [
  'packages/protocol',
  'packages/transport',
  'packages/client',
  'packages/cli',
  'services/agent',
  'services/relay',
];
/** Read at run time from beside the code. */
const assets = ['**/*.lua', '**/*.sql'];
const shebang = '#!/usr/bin/env node\n';

/** @param {string} program @param {string[]} args @param {string} cwd */
const run = (program, args, cwd) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'node_modules', program), ...args], {
    cwd,
    encoding: 'utf8',
  });
  return { passed: status === 0, output: `${stdout}${stderr}`.trim() };
};

/** @param {string} workspace */
const compile = (workspace) => {
  const directory = join(root, workspace);
  const dist = join(directory, 'dist');
  rmSync(dist, { recursive: true, force: true });
  const { passed, output } = run('typescript/bin/tsc', ['-p', 'tsconfig.build.json', '--pretty'], directory);
  if (!passed) return output;

  for (const asset of globSync(assets, { cwd: join(directory, 'src') })) {
    mkdirSync(dirname(join(dist, asset)), { recursive: true });
    copyFileSync(join(directory, 'src', asset), join(dist, asset));
  }
  const { bin = {} } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  for (const file of Object.values(bin)) {
    const path = join(directory, String(file));
    const text = readFileSync(path, 'utf8');
    if (!text.startsWith('#!')) writeFileSync(path, shebang + text);
    chmodSync(path, 0o755);
  }
  // In the package it stands at the root; images take `dist` alone.
  for (const place of [directory, dist]) copyFileSync(join(root, 'LICENSE'), join(place, 'LICENSE'));
  return undefined;
};

/** The web terminal's static files, which the relay serves. */
const bundle = () => {
  const { passed, output } = run('vite/bin/vite.js', ['build', '--logLevel', 'warn'], join(root, 'services', 'web'));
  return passed ? undefined : output;
};

/** @param {string} title @param {() => string | undefined} work Gives what went wrong, if anything did. */
const step = (title, work) => {
  const progress = startProgress(title);
  const trouble = work();
  if (trouble === undefined) {
    progress.done();
    return;
  }
  progress.fail('failed');
  console.error(trouble);
  process.exit(1);
};

refuseOldNode();
await installWhatIsMissing();
if (process.execPath === pinnedNode()) {
  for (const workspace of workspaces) step(workspace, () => compile(workspace));
  if (existsSync(join(root, 'services', 'web', 'index.html'))) step('services/web', bundle);
} else {
  // The compiler and the bundler want the pinned Node as much as the product does.
  handOver('scripts/build.mjs', []);
}
