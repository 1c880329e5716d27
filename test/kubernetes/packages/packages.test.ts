// What `npm pack` gives: it installs in an empty directory without a compiler, has its types, and works.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { must, root, run } from '../kit/tools.ts';

const WORKSPACES = ['packages/protocol', 'packages/transport', 'packages/client', 'packages/cli', 'services/agent'];

const scratch = mkdtempSync(join(tmpdir(), 'hermit-packages-'));
const empty = join(scratch, 'empty');
const processes: ChildProcess[] = [];

/** A PATH with Node, npm and a shell: neither compiler nor make nor python. */
const bare = join(scratch, 'bin');
const env: NodeJS.ProcessEnv = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_OPTIONS|VITEST|VITE_)/.test(name)),
  ),
  PATH: bare,
  HOME: join(scratch, 'home'),
  HERMIT_DATA_DIR: join(scratch, 'data'),
};

beforeAll(async () => {
  mkdirSync(bare);
  mkdirSync(empty);
  mkdirSync(join(scratch, 'home'));
  symlinkSync(process.execPath, join(bare, 'node'));
  for (const program of ['sh', 'bash', 'seq', 'stty', 'sleep']) symlinkSync(await which(program), join(bare, program));
  // npm is a script of the Node beside it: a link to the file, so that it runs under this one.
  for (const program of ['npm', 'npx']) {
    writeFileSync(join(bare, program), `#!/bin/sh\nexec node ${JSON.stringify(await which(program))} "$@"\n`, {
      mode: 0o755,
    });
  }
  await must(process.execPath, [join(root, 'scripts', 'build.mjs')], { deadlineMs: 400_000 });
  const packed = await must('npm', [
    ...['pack', '--json', '--pack-destination', scratch],
    ...WORKSPACES.flatMap((workspace) => ['--workspace', workspace]),
  ]);
  expect(packed).toContain('@hermit/cli');
  const tarballs = globSync('*.tgz', { cwd: scratch }).map((file) => join(scratch, file));
  expect(tarballs).toHaveLength(WORKSPACES.length);
  writeFileSync(join(empty, 'package.json'), '{"private": true, "type": "module"}');
  await must('npm', ['install', '--no-audit', '--no-fund', ...tarballs], {
    cwd: empty,
    env: { ...env, ...registry() },
  });
}, 600_000);

afterAll(async () => {
  for (const child of processes) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  rmSync(scratch, { recursive: true, force: true });
});

/** Where npm of this machine installs from: settings of its user, whose home the test does not share. */
function registry(): NodeJS.ProcessEnv {
  const settings = [process.env.NPM_CONFIG_USERCONFIG, join(process.env.HOME ?? '', '.npmrc')];
  const file = settings.find((path) => path && existsSync(path));
  const given = Object.entries(process.env).filter(([name]) => /^npm_config_(registry|cafile|userconfig)$/i.test(name));
  return { ...Object.fromEntries(given), ...(file ? { NPM_CONFIG_USERCONFIG: file } : {}) };
}

async function which(program: string): Promise<string> {
  return (await must('sh', ['-c', `readlink -f "$(command -v ${program})"`])).trim();
}

const installed = (name: string) => join(empty, 'node_modules', '@hermit', name);

describe('the packages', () => {
  it('hold built JavaScript and types, and no sources or tests', () => {
    for (const workspace of WORKSPACES) {
      const name = workspace.split('/')[1] ?? '';
      const files = globSync('**/*', { cwd: installed(name) });
      expect(files, name).toEqual(expect.arrayContaining(['LICENSE', 'README.md']));
      expect(
        files.filter((file) => /\.ts$/.test(file) && !file.endsWith('.d.ts')),
        name,
      ).toEqual([]);
      expect(
        files.filter((file) => /\.test\.|\.contract\.|^src|tsconfig/.test(file)),
        name,
      ).toEqual([]);
      const { exports: entries = {} } = JSON.parse(readFileSync(join(installed(name), 'package.json'), 'utf8')) as {
        exports?: Record<string, string | { types: string; default: string }>;
      };
      const paths = Object.values(entries).flatMap((entry) =>
        typeof entry === 'string' ? entry : [entry.types, entry.default],
      );
      for (const path of paths) expect(existsSync(join(installed(name), path)), `${name} ${path}`).toBe(true);
    }
  });

  it('give types that a compiler accepts', async () => {
    writeFileSync(
      join(empty, 'viewer.ts'),
      `import { HermitClient, type View } from '@hermit/client';
       import { LIMITS } from '@hermit/protocol';
       import { dialWs } from '@hermit/transport/node';
       export const most: number = LIMITS.message;
       export const make = (options: ConstructorParameters<typeof HermitClient>[0]) => new HermitClient({ ...options, dial: dialWs() });
       export type Mine = View;`,
    );
    const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024'];
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    await must(process.execPath, [compiler, ...flags, '--types', '', 'viewer.ts'], { cwd: empty });
  });

  it('bring a command that says its version', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'packages', 'cli', 'package.json'), 'utf8')) as {
      version: string;
    };
    expect((await must('npx', ['hermit', '--version'], { cwd: empty, env })).trim()).toBe(version);
    expect((await must('npx', ['hermit-agent', '--version'], { cwd: empty, env })).trim()).toBe(version);
  });

  it('bring an agent whose terminals can be used', async () => {
    const relay = await startRelay();
    const post = async (path: string, body: object, token?: string) => {
      const response = await fetch(`${relay}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
        body: JSON.stringify(body),
      });
      return (await response.json()) as Record<string, string>;
    };
    const { accessToken } = await post('/auth/register', { email: 'a@example.org', password: 'long enough' });
    const { token } = await post('/api/machines', { name: 'tarball' }, accessToken);
    start(join(empty, 'node_modules', '.bin', 'hermit-agent'), ['run', '--relay', relay, '--name', 'tarball'], {
      HERMIT_MACHINE_TOKEN: token,
      SHELL: '/bin/sh',
    });
    const hermit = (...args: string[]) => run('npx', ['hermit', ...args], { cwd: empty, env, input: 'long enough\n' });
    const login = await hermit('login', '--relay', relay, '--email', 'a@example.org');
    expect(login.code, login.stderr).toBe(0);
    await expect
      .poll(async () => (await hermit('machines', '--json')).stdout, { timeout: 30_000 })
      .toMatch(/"online":\s*true/);
    const answer = await hermit('new', 'tarball', '--', 'sh', '-c', 'seq 1 5; echo $((6*7)); exit 7');
    expect(answer.stdout).toContain('42');
    expect(answer.code, answer.stderr).toBe(7);
  });
});

function start(program: string, args: string[], more: NodeJS.ProcessEnv): ChildProcess {
  const child = spawn(program, args, { cwd: empty, env: { ...env, ...more }, stdio: ['ignore', 'pipe', 'pipe'] });
  processes.push(child);
  return child;
}

/** A relay for one, from this repository's build; resolves to its address. */
async function startRelay(): Promise<string> {
  const main = join(root, 'services', 'relay', 'dist', 'main.js');
  expect(existsSync(dirname(main))).toBe(true);
  const child = start(process.execPath, [main], { PORT: '0' });
  return new Promise((resolve, reject) => {
    let log = '';
    const read = (chunk: Buffer) => {
      log += chunk.toString('utf8');
      const address = /"address":"(http:[^"]+)"/.exec(log)?.[1];
      if (address) resolve(address);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => reject(new Error(`the relay ended (${code}):\n${log}`)));
    setTimeout(() => reject(new Error(`the relay does not listen:\n${log}`)), 60_000).unref();
  });
}
