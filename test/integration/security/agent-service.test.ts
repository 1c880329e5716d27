// The agent as a service of the user: what launchd is told and what is there afterwards; where systemd does not answer.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkKeeper, fileOf, install, uninstall } from '../../../services/agent/src/service/install.ts';

let home: string;
let said: string[];
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'hermit-launchd-'));
  said = [];
});
afterEach(() => rm(home, { recursive: true, force: true }));

const spec = {
  command: ['/usr/local/bin/node', '/opt/agent/main.js', 'run', '--name', 'a & <b>'],
  env: { PATH: '/usr/bin' },
  machineName: 'a & <b>',
};
const CONNECTED = 'hermit-agent: connected to https://r.example.org as “box”';
const REFUSED = 'hermit-agent: error: the relay refused this agent: The token is not valid.';
/** A launchctl that writes down what it is told, and refuses to `bootstrap` as many times. What it starts says `line`. */
function parts(refusals = 0, line = CONNECTED) {
  const bin = join(home, 'bin');
  mkdirSync(bin, { recursive: true });
  const log = join(home, 'told');
  const logs = join(home, 'Library', 'Logs');
  mkdirSync(logs, { recursive: true });
  const script = `#!/bin/sh
if [ "$1" = print ]; then
  ${line === CONNECTED ? "echo 'state = running'" : "printf 'state = not running\\nlast exit code = 0\\n'"}
  exit 0
fi
echo "$@" >> "${log}"
[ "$1" = bootstrap ] || exit 3
[ $(grep -c ^bootstrap "${log}") -gt ${refusals} ] && echo '${line}' >> "${join(logs, 'hermit-agent.log')}" && exit 0
echo 'Bootstrap failed: 5: Input/output error' >&2
exit 5
`;
  writeFileSync(join(bin, 'launchctl'), script);
  chmodSync(join(bin, 'launchctl'), 0o755);
  const env = { HOME: home, PATH: `${bin}:${process.env.PATH}` };
  return { env, platform: 'darwin' as const, say: (line: string) => void said.push(line) };
}
const file = () => join(home, 'Library', 'LaunchAgents', 'org.hermit.agent.plist');
const told = () => readFileSync(join(home, 'told'), 'utf8').trim().split('\n');
const domain = `gui/${userInfo().uid}`;

it('is loaded from a list in the user’s library, in place of the one before, and taken out again', async () => {
  await install(spec, parts());
  // What was not loaded before is no error.
  expect(told()).toEqual([`bootout ${domain}/org.hermit.agent`, `bootstrap ${domain} ${file()}`]);
  const list = readFileSync(file(), 'utf8');
  const words = /<key>ProgramArguments<\/key>\s*<array>([\s\S]*?)<\/array>/.exec(list)?.[1] ?? '';
  expect([...words.matchAll(/<string>(.*?)<\/string>/g)].map(([, word]) => word)).toEqual([
    ...spec.command.slice(0, -1),
    'a &amp; &lt;b&gt;',
  ]);
  expect(said.join('\n')).toContain(join(home, 'Library', 'Logs', 'hermit-agent.log'));
  expect(await uninstall(parts())).toBe(true);
  expect(existsSync(file())).toBe(false);
  expect(told().at(-1)).toBe(`bootout ${domain}/org.hermit.agent`);
  expect(await uninstall(parts())).toBe(false);
});

it('is tried again while the one before is still going', async () => {
  await install(spec, parts(2));
  expect(told().filter((line) => line.startsWith('bootstrap'))).toHaveLength(3);
});

it('says what launchd said when it would not', async () => {
  await expect(install(spec, parts(100))).rejects.toThrow('Bootstrap failed: 5');
  expect(said).toEqual([]);
});

it('is said to run only where it does: one that has ended is not, whatever it said before', async () => {
  await install(spec, parts());
  expect(said.join('\n')).toContain('The agent runs and is connected');
  said.length = 0;
  await expect(install(spec, parts(0, REFUSED), '; advice')).rejects.toThrow('The token is not valid.; advice');
  expect(said).toEqual([]);
});

it('is not for systems that have neither', async () => {
  await expect(install(spec, { ...parts(), platform: 'win32' })).rejects.toThrow('systemd and launchd');
});

/** A systemctl, loginctl and journalctl that are this script. */
function linux(script: string) {
  const bin = join(home, 'bin');
  mkdirSync(bin, { recursive: true });
  for (const name of ['systemctl', 'loginctl', 'journalctl']) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}`, { mode: 0o755 });
  }
  const env = { HOME: home, PATH: `${bin}:${process.env.PATH}` };
  return { env, platform: 'linux' as const, say: (line: string) => void said.push(line) };
}

it.each(['yes', 'no'])('starts with the machine where that was allowed before: %s', async (linger) => {
  const script = `case "$*" in
enable-linger) exit 1;;
show-user*) echo Linger=${linger};;
*journal*|*--since*) echo '${CONNECTED}';;
*) echo ActiveState=active;;
esac
`;
  await install(spec, linux(script));
  const [first, then] =
    linger === 'yes' ? ['the machine', []] : ['your first log-in', [expect.stringContaining('sudo')]];
  expect(said).toEqual([expect.stringContaining(`connected; it starts with ${first}.`), ...then]);
});

describe('where nobody has logged in, and systemd has no manager for the user', () => {
  // What it says is what the real one says.
  const unreachable = () =>
    linux(`echo "$XDG_RUNTIME_DIR" >> "${join(home, 'told')}"
echo 'Failed to connect to bus: No medium found' >&2
exit 1
`);

  it('is not begun, and says what helps', async () => {
    const advice = `sudo loginctl enable-linger ${userInfo().username}`;
    await expect(checkKeeper(unreachable())).rejects.toThrow(advice);
    // After su or sudo nothing says where systemd listens.
    expect(told()).toEqual([`/run/user/${userInfo().uid}`]);
  });

  it('is not said to be removed while it may still run', async () => {
    const file = fileOf(unreachable());
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, '');
    await expect(uninstall(unreachable())).rejects.toThrow('disable --now hermit-agent.service failed');
    expect(existsSync(file)).toBe(true);
  });
});
