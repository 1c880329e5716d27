// The agent as a process: what it says, with which exit code it goes, and that its token stays with it.
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ErrorCode, PROTOCOL_OLDEST, PROTOCOL_VERSION, type RelayToAgent } from '@hermit/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const TOKEN = 'hmt_3f1c_averysecrettoken';

const undo: (() => void)[] = [];
afterEach(() => {
  for (const step of undo.splice(0).reverse()) step();
});

type Agent = { process: ChildProcess; said: () => string; ended: Promise<number | null> };

function agent(args: string[], env: Record<string, string> = {}): Agent {
  const child = spawn(process.execPath, ['--conditions=@hermit/source', MAIN, ...args], {
    env: { PATH: process.env.PATH ?? '', HOME: '/tmp', SHELL: '/bin/sh', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  undo.push(() => child.kill('SIGKILL'));
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (text: Buffer) => {
      said += text.toString();
    });
  }
  const ended = new Promise<number | null>((resolve) => {
    child.on('close', (code) => resolve(code));
  });
  return { process: child, said: () => said, ended };
}

async function until(condition: () => boolean, what: () => string): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited 15 s for: ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A relay that answers what it is told to. */
async function relay(answer: (socket: WebSocket, message: Record<string, unknown>) => void): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  undo.push(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  server.on('connection', (socket) => {
    socket.on('message', (data, binary) => {
      if (!binary) answer(socket, JSON.parse(String(data)));
    });
  });
  await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const say = (socket: WebSocket, message: RelayToAgent) => socket.send(JSON.stringify(message));

const MACHINE = '0b1d8a0e-7c58-4a5e-9a44-5d3c3b0f6a01';
const USER = '5f0a3c7e-93d5-4b7e-8a31-2f6c9d4e1b00';
const CLIENT = '7d0d8b6e-2a3f-4f0e-8f58-0a1b2c3d4e5f';

const welcome = (socket: WebSocket) =>
  say(socket, { type: 'registered', success: true, protocol: PROTOCOL_VERSION, machineId: MACHINE, pod: 'pod-1' });

const refusing = (code: ErrorCode, message: string) =>
  relay((socket, m) => {
    if (m.type !== 'register') return;
    say(socket, { type: 'registered', success: false, protocol: PROTOCOL_VERSION, error: { code, message } });
  });

describe('an agent that cannot begin', () => {
  it('says that it has no token', async () => {
    const a = agent(['run', '--relay', 'http://127.0.0.1:1', '--name', 'box']);
    expect(await a.ended).toBe(2);
    expect(a.said()).toContain('no machine token: set HERMIT_MACHINE_TOKEN');
  });

  it('is installed with the whole path of its token, and forgets the one that is named', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'hermit-agent-'));
    undo.push(() => rmSync(directory, { recursive: true, force: true }));
    const file = join(directory, 'token');
    writeFileSync(file, TOKEN, { mode: 0o600 });
    // systemd is not what is tried here: whatever it is told is done.
    for (const name of ['systemctl', 'loginctl', 'journalctl']) {
      const says = name === 'journalctl' ? 'hermit-agent: connected to it' : 'ActiveState=active';
      writeFileSync(join(directory, name), `#!/bin/sh\necho '${says}'\n`, { mode: 0o755 });
    }
    const env = { HOME: directory, PATH: `${directory}:${process.env.PATH}` };
    const near = ['--name', 'box', '--token-file', relative(process.cwd(), file)];
    const installing = agent(['install', '--relay', 'http://127.0.0.1:1', ...near], env);
    expect({ code: await installing.ended, said: installing.said() }).toMatchObject({ code: 0 });
    const unit = readFileSync(join(directory, '.config/systemd/user/hermit-agent.service'), 'utf8');
    expect(unit).toContain(`"--token-file" "${file}"`);
    const leaving = agent(['uninstall', '--forget', ...near], env);
    expect({ code: await leaving.ended, said: leaving.said() }).toMatchObject({ code: 0 });
    expect(existsSync(file)).toBe(false);
  });

  it('refuses a token file that others can read, and one that holds something else', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'hermit-agent-'));
    undo.push(() => rmSync(directory, { recursive: true }));
    const file = join(directory, 'token');
    writeFileSync(file, `${TOKEN}\n`, { mode: 0o644 });
    const run = () => agent(['run', '--relay', 'http://127.0.0.1:1', '--token-file', file]);
    const open = run();
    expect(await open.ended).toBe(2);
    expect(open.said()).toContain('can be read by others: run chmod 600');
    chmodSync(file, 0o600);
    writeFileSync(file, 'eyJhbGciOi');
    const other = run();
    expect(await other.ended).toBe(2);
    expect(other.said()).toContain('this is no machine token');
    expect(other.said()).not.toContain('eyJhbGciOi');
  });

  it.each([[['run', '--nonsense']], [['install', '--relay']]])('does not understand %j', async (words) => {
    const a = agent(words, { HERMIT_MACHINE_TOKEN: TOKEN });
    expect(await a.ended).toBe(2);
    expect(a.said()).toMatch(/^hermit-agent: /m);
  });

  it('names an address that is none', async () => {
    const a = agent(['run', '--relay', 'hermit.example.org'], { HERMIT_MACHINE_TOKEN: TOKEN });
    expect(await a.ended).toBe(2);
    expect(a.said()).toContain('--relay must be');
  });
});

describe('an agent that the relay will not have', () => {
  it.each<[ErrorCode, string, number]>([
    ['INVALID_TOKEN', 'The token was revoked.', 3],
    ['MACHINE_NAME_MISMATCH', 'The token belongs to a machine of another name.', 3],
    ['SUPERSEDED', 'Another agent process took this machine over.', 4],
  ])('goes after %s', async (code, message, status) => {
    const a = agent(['run', '--relay', await refusing(code, message), '--name', 'box'], {
      HERMIT_MACHINE_TOKEN: TOKEN,
    });
    expect(await a.ended).toBe(status);
    expect(a.said()).toContain(message);
    expect(a.said()).not.toContain('averysecret');
  });
});

it('goes when the relay is too old for it, and says which is to be updated', async () => {
  const address = await relay((socket, m) => {
    if (m.type === 'register')
      say(socket, { type: 'registered', success: true, protocol: PROTOCOL_OLDEST - 1, machineId: MACHINE, pod: 'p' });
  });
  const a = agent(['run', '--relay', address, '--name', 'box'], { HERMIT_MACHINE_TOKEN: TOKEN });
  expect(await a.ended).toBe(3);
  expect(a.said()).toContain('update the relay first');
  expect(a.said()).not.toContain('connected to');
});

it('says what the relay did not understand of it', async () => {
  const address = await relay((socket, m) => {
    if (m.type !== 'register') return;
    welcome(socket);
    say(socket, { type: 'error', code: 'INVALID_MESSAGE', message: 'Unknown message type "current".' });
  });
  const a = agent(['run', '--relay', address, '--name', 'box'], { HERMIT_MACHINE_TOKEN: TOKEN });
  await until(
    () => a.said().includes('warning: the relay did not understand this agent: Unknown message type "current".'),
    () => `the complaint in ${a.said()}`,
  );
});

describe('an agent without its relay', () => {
  it('says so once, keeps trying, and connects when it can', async () => {
    // A port where nobody listens yet.
    const probe = createServer();
    await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    const a = agent(
      ['run', '--relay', `http://127.0.0.1:${port}`, '--name', 'box', '--log-level', 'debug', '--json-logs'],
      {
        HERMIT_MACHINE_TOKEN: TOKEN,
      },
    );
    const events = () =>
      a
        .said()
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => (JSON.parse(line) as { event: string }).event);
    await until(
      () => events().includes('retrying'),
      () => `a second try in ${a.said()}`,
    );
    expect(events().filter((e) => e === 'unreachable')).toHaveLength(1);
    const server = new WebSocketServer({ port, host: '127.0.0.1' });
    undo.push(() => server.close());
    server.on('connection', (socket) => {
      undo.push(() => socket.terminate());
      socket.on('message', (data) => {
        if (String(data).includes('"register"')) welcome(socket);
      });
    });
    await until(
      () => events().includes('registered'),
      () => `a connection in ${a.said()}`,
    );
    expect(a.said()).not.toContain('averysecret');
    a.process.kill('SIGTERM');
    expect(await a.ended).toBe(0);
  });
});

describe('an agent that is stopped', () => {
  it('ends its programs, also those that ignore the hang-up, and goes with 0', async () => {
    let pid = 0;
    let output = '';
    const address = await relay((socket, m) => {
      if (m.type === 'register') {
        welcome(socket);
        const script = 'trap "" HUP; env; echo pid=$$; while :; do sleep 1; done';
        const start = { requestId: 'r1', pod: 'pod-1', userId: USER, command: 'sh', args: ['-c', script] };
        say(socket, { type: 'start_session', ...start });
      }
      if (m.type === 'session_started') {
        const sessionId = (m.session as { id: string }).id;
        socket.on('message', (data, binary) => {
          if (binary) output += (data as Buffer).toString('latin1');
          pid = Number(/pid=(\d+)/.exec(output)?.[1] ?? pid);
        });
        const who = { sessionId, clientId: CLIENT, attempt: 1, pod: 'pod-1', userId: USER, readOnly: false };
        say(socket, { type: 'attach', ...who, mode: 'stream', from: 0, inputFrom: 0 });
      }
    });
    const a = agent(['run', '--relay', address, '--name', 'box'], { HERMIT_MACHINE_TOKEN: TOKEN });
    await until(
      () => pid > 0,
      () => `the program's number in ${a.said()} ${output}`,
    );
    expect(output).toContain('HERMIT_SESSION=');
    expect(output).not.toContain('averysecret');
    a.process.kill('SIGTERM');
    expect(await a.ended).toBe(0);
    expect(() => process.kill(pid, 0)).toThrow();
    expect(a.said()).not.toContain('pid=');
  });
});
