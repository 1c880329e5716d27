// The command line and the agent as people use them: let in by codes, sharing, and the agent as a service.
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tokenFileOf } from '../../../services/agent/src/service/token-file.ts';
import { spawnPty } from '../../../services/agent/src/terminal/pty.ts';
import { type Cluster, CommandLine, PASSWORD, startCluster } from '../kit/cluster.ts';
import { HermitProcess } from '../kit/hermit-process.ts';
import { program } from '../kit/programs.ts';
import { until } from '../kit/wait.ts';
import { startRelays } from './relay-kit.ts';

let cluster: Cluster;
let relay: string;
let home: string;
let ann: CommandLine;
beforeAll(async () => {
  cluster = await startCluster();
  relay = cluster.pod(0).url;
  home = await mkdtemp(join(tmpdir(), 'hermit-codes-'));
  ann = await cluster.commandLine(relay);
});
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  if (home) await rm(home, { recursive: true, force: true });
});

const CODE = /hermit approve (?:\u001b\[\d+m)*([B-Z]{4}-[B-Z]{4})/;
async function codeOf(process: HermitProcess): Promise<string> {
  return until(`a code is shown\n${process.stderr}`, () => CODE.exec(process.stderr)?.[1]);
}

describe('without a password', () => {
  it('another computer logs in by a code that is approved here', async () => {
    const elsewhere = new CommandLine(join(home, 'elsewhere'));
    await using login = elsewhere.run(['login', '--relay', relay]);
    const code = await codeOf(login);
    expect(login.stderr).toContain(`/device?code=${code}`);
    await using approving = ann.run(['approve', code.toLowerCase(), '--yes']);
    approving.child.stdin?.end(`${PASSWORD}\n`);
    expect({ code: await approving.end(), says: approving.stderr }).toMatchObject({ code: 0 });
    expect(approving.stdout).toBe('');
    expect(await login.end()).toBe(0);
    expect(login.stderr).toContain(`as ${cluster.account.email}`);
    expect(JSON.parse(await elsewhere.output('machines', '--json'))).toHaveLength(1);
  });

  it('and is told when it is refused', async () => {
    await using login = new CommandLine(join(home, 'refused')).run(['login', '--relay', relay]);
    await ann.output('approve', await codeOf(login), '--refuse');
    expect(await login.end()).toBe(7);
    expect(login.stderr).toContain('You were refused');
  });
});

describe('a new machine', () => {
  it('is let in by a code, runs as a service, and is gone again', async () => {
    const bin = join(home, 'bin');
    mkdirSync(bin, { recursive: true });
    // systemd is not what is tried here: what it is told to do is written down.
    const [told, state, journal] = [join(home, 'told'), join(home, 'state'), join(home, 'journal')];
    for (const name of ['systemctl', 'loginctl', 'journalctl']) {
      const answers = `case "${name} $*" in *" show "*) cat "${state}";; journalctl*) cat "${journal}";; *) exit 1;; esac`;
      writeFileSync(join(bin, name), `#!/bin/sh\n(${answers}) || echo ${name} "$@" >> "${told}"\n`);
      chmodSync(join(bin, name), 0o755);
    }
    writeFileSync(state, 'ActiveState=active\nExecMainStatus=0\n');
    writeFileSync(journal, `hermit-agent: connected to ${relay} as “new box”\n`);
    const env = {
      HOME: home,
      XDG_CONFIG_HOME: join(home, 'config'),
      PATH: `${bin}:${process.env.PATH}`,
      SHELL: '/bin/sh',
    };
    await using installing = new HermitProcess('agent', ['install', '--relay', relay, '--name', 'new box'], env);
    await ann.output('approve', await codeOf(installing), '--yes');
    expect(await installing.end()).toBe(0);
    expect(installing.stderr).toContain('The agent runs and is connected');
    const token = tokenFileOf(relay, 'new box', env);
    expect(statSync(token).mode & 0o777).toBe(0o600);
    const secret = readFileSync(token, 'utf8').trim();
    expect(secret).toMatch(/^hmt_/);
    const unit = join(home, 'config', 'systemd', 'user', 'hermit-agent.service');
    const text = readFileSync(unit, 'utf8');
    expect(text + installing.stderr + installing.stdout).not.toContain(secret);
    expect(readFileSync(told, 'utf8').split('\n')).toEqual([
      'systemctl --user daemon-reload',
      'systemctl --user enable hermit-agent.service',
      'systemctl --user restart hermit-agent.service',
      'loginctl enable-linger',
      '',
    ]);

    // As systemd would start it.
    const words = [...(/^ExecStart=(.*)$/m.exec(text)?.[1] ?? '').matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, w]) => w);
    const args = words.slice(words.indexOf('run')) as string[];
    await using service = new HermitProcess('agent', args, env);
    await until(`the service connects\n${service.stderr}`, () => service.stderr.includes('connected to'));
    const machines = JSON.parse(await ann.output('machines', '--json')) as { name: string; online: boolean }[];
    expect(machines.find(({ name }) => name === 'new box')).toMatchObject({ online: true });

    await using again = new HermitProcess('agent', ['enroll', '--relay', relay, '--name', 'new box'], env);
    const code = await codeOf(again);
    await using careless = ann.run(['approve', code, '--yes']);
    expect(await careless.end()).toBe(7);
    expect(careless.stderr).toContain('would be locked out');
    await ann.output('approve', code, '--yes', '--replace');
    expect(await again.end()).toBe(0);
    await until('the one before is locked out', () => service.stderr.includes('refused') || service.ended);

    // The service has the token that is locked out.
    writeFileSync(token, `${secret}\n`);
    writeFileSync(state, 'ActiveState=failed\nExecMainStatus=3\n');
    writeFileSync(journal, '');
    await using refused = new HermitProcess('agent', ['install', '--relay', relay, '--name', 'new box'], env);
    expect(await refused.end()).toBe(2);
    expect(refused.stderr).toContain('the agent ended: the relay refused its token or its name; let it in anew');

    // Another relay is not shown it.
    await using other = new HermitProcess('agent', ['install', '--relay', `${relay}/other`, '--name', 'new box'], env);
    expect(await other.end()).toBe(2);
    expect(other.stderr).toContain('There is nothing at this address');
    expect(readFileSync(unit, 'utf8')).toBe(text);

    const leave = ['uninstall', '--name', 'new box', '--forget'];
    await using careful = new HermitProcess('agent', leave, env);
    expect(await careful.end()).toBe(2);
    await using leaving = new HermitProcess('agent', [...leave, '--relay', relay], env);
    expect(await leaving.end()).toBe(0);
    for (const file of [unit, token]) expect(() => statSync(file)).toThrow('ENOENT');
    await using nothing = new HermitProcess('agent', ['uninstall'], env);
    expect(await nothing.end()).toBe(0);
    expect(nothing.stderr).toContain('There is no such service');
  });
});

describe('sharing', () => {
  it('goes from one command line to another, by address and by link, and ends', async () => {
    await cluster.startAgent(relay);
    const guest = await cluster.register();
    const ben = new CommandLine(join(home, 'ben'));
    const login = ben.run(['login', '--relay', relay, '--email', guest.email]);
    login.child.stdin?.end(`${PASSWORD}\n`);
    expect(await login.end()).toBe(0);

    const id = (
      await ann.output('new', 'box', '--detach', '--name', 'work', '--', 'sh', '-c', 'echo seen; sleep 600')
    ).trim();
    await ann.output('share', 'box', 'work', '--with', guest.email);
    type Shares = { received: { id: string; role: string; session: { name: string } | null }[] };
    const shares = async () => JSON.parse(await ben.output('shares', '--json')) as Shares;
    expect((await shares()).received).toMatchObject([{ role: 'viewer', session: { name: 'work' } }]);
    expect(await ben.output('shares')).toContain(cluster.account.email);
    await using watching = ben.run(['attach', 'box', 'work', '--output', '-']);
    await until(`the guest sees it\n${watching.stderr}`, () => watching.stdout.includes('seen'));

    const [first] = (await shares()).received;
    await ann.output('unshare', String(first?.id).slice(0, 8));
    expect(await watching.end()).toBe(7);
    expect((await shares()).received).toEqual([]);

    const link = (await ann.output('share', 'box', id.slice(0, 8), '--role', 'driver', '--for', '2h')).trim();
    expect(link).toMatch(new RegExp(`^${relay}/join#hms_[0-9a-f]{32}_`));
    await ben.output('join', link);
    const [second] = (await shares()).received;
    expect(second).toMatchObject({ role: 'driver' });
    // Shared twice it is one session.
    await ann.output('share', 'box', 'work', '--with', guest.email);
    await using again = ben.run(['attach', 'box', 'work', '--output', '-']);
    await until(`the guest sees it again\n${again.stderr}`, () => again.stdout.includes('seen'));
    for (const share of (await shares()).received) await ben.output('unshare', share.id);
    expect((await shares()).received).toEqual([]);
    await ann.output('kill', 'box', 'work', '--signal', 'KILL');
  });
});

describe('an account', () => {
  it('is made with a password from a pipe, and by an invitation where one is needed', async () => {
    await using relays = await startRelays({ embedded: true, env: { REGISTRATION: 'invite' } });
    const { url } = relays.pod(0);
    const register = async (line: CommandLine, password: string, ...args: string[]) => {
      await using process = line.run(['register', '--relay', url, ...args]);
      process.child.stdin?.end(`${password}\n`);
      return { code: await process.end(), says: process.stderr };
    };
    const first = new CommandLine(join(home, 'first'));
    const made = await register(first, PASSWORD, '--email', 'first@example.org');
    expect(made).toEqual({ code: 0, says: expect.stringContaining(`as first@example.org`) });
    expect(await first.output('machines', '--json')).toBe('[]\n');

    const login = await relays.pod(0).call<{ accessToken: string }>('POST', '/auth/login', {
      body: { email: 'first@example.org', password: PASSWORD },
    });
    const { body } = await relays.pod(0).call<{ token: string }>('POST', '/api/invites', {
      token: login.body.accessToken,
      body: {},
    });
    const second = new CommandLine(join(home, 'second'));
    const email = ['--email', 'second@example.org'];
    expect(await register(second, PASSWORD, ...email)).toMatchObject({ code: 7 });
    const short = await register(second, 'short', ...email, '--invite', body.token);
    expect(short).toEqual({ code: 2, says: expect.stringContaining('at least 8 characters') });
    expect(short.says).not.toContain('short\n');
    const came = await register(second, PASSWORD, ...email, '--invite', body.token);
    expect(came).toEqual({ code: 0, says: expect.not.stringContaining('replaces') });
    expect(await register(second, PASSWORD, ...email, '--invite', body.token)).toMatchObject({ code: 7 });

    await using instead = second.run(['login', '--relay', url, '--email', 'first@example.org']);
    instead.child.stdin?.end(`${PASSWORD}\n`);
    expect(await instead.end()).toBe(0);
    expect(instead.stderr).toContain('It replaces the login as second@example.org');
  });

  it('is asked for its password twice on a terminal, and neither is seen', async () => {
    await using relays = await startRelays({ embedded: true });
    const typed = async (...passwords: string[]) => {
      const words = [program('hermit'), 'register', '--relay', relays.pod(0).url];
      const terminal = spawnPty({
        ...{ command: process.execPath, args: [...words, '--email', 'ann@example.org'], cwd: home },
        env: { PATH: process.env.PATH ?? '', HOME: home, XDG_CONFIG_HOME: join(home, 'typed'), TERM: 'xterm' },
        size: { cols: 200, rows: 24 },
      });
      let screen = '';
      let code: number | null | undefined;
      terminal.onData((bytes) => {
        screen += Buffer.from(bytes).toString();
      });
      terminal.onExit((exit) => {
        code = exit.exitCode;
      });
      for (const [at, prompt] of ['New password for ann@example.org', 'Once more: '].entries()) {
        await until(`it asks\n${screen}`, () => screen.includes(prompt));
        terminal.write(Buffer.from(`${passwords[at]}\r`));
      }
      await until('it ends', () => code !== undefined);
      return { code, screen };
    };
    const differs = await typed(PASSWORD, `${PASSWORD}!`);
    expect(differs).toMatchObject({ code: 2, screen: expect.stringContaining('are not the same') });
    const made = await typed(PASSWORD, PASSWORD);
    expect(made).toMatchObject({ code: 0, screen: expect.stringContaining('Registered, and logged in') });
    expect(differs.screen + made.screen).not.toContain(PASSWORD);
  });
});

it('a long list goes through a pipe to its last byte, however slowly it is read', async () => {
  await using relays = await startRelays();
  const person = await relays.person();
  const rows = Array.from({ length: 6_000 }, (_, i) => ({
    ...{ user_id: person.id, name: `machine-${i}-${'x'.repeat(40)}`, token_hash: Buffer.alloc(32) },
  }));
  await relays.sql`insert into machines ${relays.sql(rows)}`;
  const line = new CommandLine(join(home, 'slow'));
  await using login = line.run(['login', '--relay', relays.pod(0).url, '--email', person.email]);
  login.child.stdin?.end('correct horse battery\n');
  expect(await login.end()).toBe(0);

  await using listing = line.run(['machines', '--json']);
  const { stdout } = listing.child;
  if (!stdout) throw new Error('no pipe');
  stdout.removeAllListeners('data').pause();
  let text = '';
  // A little at a time: the pipe is full for most of it.
  for await (const chunk of stdout) {
    text += chunk as string;
    await new Promise((resume) => setTimeout(resume, 5));
  }
  expect(text.length).toBeGreaterThan(1_000_000);
  expect(JSON.parse(text)).toHaveLength(6_000);
  expect(await listing.end()).toBe(0);
}, 90_000);
