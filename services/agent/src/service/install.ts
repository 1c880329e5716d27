// Makes the agent a service of the user, or unmakes it: systemd on Linux, launchd on macOS.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { SetupError } from '../token.ts';
import { LAUNCHD_LABEL, launchdPlist, type ServiceSpec, systemdUnit } from './service-file.ts';
import { launchdLook, systemdLook, watchStart } from './watch.ts';

const run = promisify(execFile);

export type InstallParts = {
  env: NodeJS.ProcessEnv;
  platform: NodeJS.Platform;
  say: (line: string) => void;
};

const BOOTSTRAP_TRIES = 5;
/** Milliseconds. */
const BOOTSTRAP_AGAIN = 500;
const UNIT = 'hermit-agent.service';
/** What sessions shall find as if they had been started by hand. */
const KEPT = ['PATH', 'SHELL', 'LANG', 'LC_ALL', 'LC_CTYPE'];

/** The service that runs this very program with these arguments. */
export function specOf(args: readonly string[], machineName: string, env: NodeJS.ProcessEnv): ServiceSpec {
  const main = process.argv[1] as string;
  const kept = KEPT.flatMap((name) => (env[name] ? [[name, env[name]] as const] : []));
  return {
    command: [process.execPath, ...process.execArgv, main, ...args],
    env: Object.fromEntries(kept),
    machineName,
  };
}

/** Throws a SetupError where no service can be made; asked before anybody has to approve a code. */
export async function checkKeeper(parts: InstallParts): Promise<void> {
  fileOf(parts);
  if (parts.platform === 'linux') await systemctl(['show', '--property=Version'], parts);
}

/** Throws a SetupError where it cannot be made, or ends at once; `advice` is for an agent that the relay refuses. */
export async function install(spec: ServiceSpec, parts: InstallParts, advice = ''): Promise<void> {
  const file = fileOf(parts);
  mkdirSync(dirname(file), { recursive: true });
  if (parts.platform === 'darwin') {
    const logFile = join(home(parts.env), 'Library', 'Logs', 'hermit-agent.log');
    writeFileSync(file, launchdPlist(spec, logFile), { mode: 0o644 });
    await optional('launchctl', ['bootout', `gui/${userInfo().uid}/${LAUNCHD_LABEL}`], parts.env);
    const before = textOf(logFile).length;
    await bootstrap(file, parts.env);
    const printed = () => output('launchctl', ['print', `gui/${userInfo().uid}/${LAUNCHD_LABEL}`], parts.env);
    const look = async () => launchdLook(await printed(), textOf(logFile).slice(before));
    parts.say(`${runs(await watchStart(look, advice))} when you log in. Its log: ${logFile}`);
    return;
  }
  writeFileSync(file, systemdUnit(spec), { mode: 0o644 });
  await systemctl(['daemon-reload'], parts);
  await systemctl(['enable', UNIT], parts);
  const since = `@${Math.floor(Date.now() / 1000)}`;
  await systemctl(['restart', UNIT], parts);
  // Without it the service starts at the first log-in, and ends with the last.
  const lingers = (await optional('loginctl', ['enable-linger'], parts.env)) || (await lingersAlready(parts.env));
  const env = withRuntimeDir(parts.env);
  const shown = () => output('systemctl', ['--user', 'show', '--property=ActiveState,ExecMainStatus', UNIT], env);
  const journal = ['--user', '--unit', UNIT, '--since', since, '--output', 'cat', '--no-pager'];
  const look = async () => systemdLook(await shown(), await output('journalctl', journal, env));
  parts.say(
    `${runs(await watchStart(look, advice))} with ${lingers ? 'the machine' : 'your first log-in'}. Its log: journalctl --user -u ${UNIT}`,
  );
  if (!lingers) parts.say(`To start it with the machine: sudo loginctl enable-linger ${userInfo().username}`);
}

/** Outside a log-in nobody may ask for it, and somebody may have done so before. */
async function lingersAlready(env: NodeJS.ProcessEnv): Promise<boolean> {
  const shown = await output('loginctl', ['show-user', userInfo().username, '--property=Linger'], env);
  return shown.trim() === 'Linger=yes';
}

const runs = (connected: boolean) =>
  `The agent runs${connected ? ' and is connected' : ', but has not been seen to connect yet'}; it starts`;

/** Whether there was anything to remove. Throws a SetupError, and leaves it, where systemd does not end it. */
export async function uninstall(parts: InstallParts): Promise<boolean> {
  const file = fileOf(parts);
  if (!existsSync(file)) return false;
  if (parts.platform === 'darwin') {
    await optional('launchctl', ['bootout', `gui/${userInfo().uid}/${LAUNCHD_LABEL}`], parts.env);
    rmSync(file);
    return true;
  }
  await systemctl(['disable', '--now', UNIT], parts);
  rmSync(file);
  await systemctl(['daemon-reload'], parts);
  return true;
}

/** Where the service is described. Throws a SetupError on systems that have neither. */
export function fileOf({ platform, env }: Pick<InstallParts, 'platform' | 'env'>): string {
  if (platform === 'darwin') return join(home(env), 'Library', 'LaunchAgents', `${LAUNCHD_LABEL}.plist`);
  if (platform === 'linux') {
    return join(env.XDG_CONFIG_HOME || join(home(env), '.config'), 'systemd', 'user', UNIT);
  }
  throw new SetupError(`services are for systemd and launchd; on ${platform} start hermit-agent run by other means`);
}

const home = (env: NodeJS.ProcessEnv) => env.HOME || homedir();

async function systemctl(args: readonly string[], { env }: InstallParts): Promise<void> {
  try {
    await command('systemctl', ['--user', ...args], withRuntimeDir(env));
  } catch (error) {
    const { message } = error as Error;
    if (!message.includes('Failed to connect to bus')) throw error;
    const { username } = userInfo();
    throw new SetupError(
      `${message}. Log in as ${username} itself, or let its services run: sudo loginctl enable-linger ${username}`,
    );
  }
}

/** Where the user's systemd listens. After su, sudo and in cron no log-in has said so. */
const withRuntimeDir = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  ...env,
  XDG_RUNTIME_DIR: env.XDG_RUNTIME_DIR || `/run/user/${process.getuid?.()}`,
});

async function command(name: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  try {
    await run(name, args, { env, timeout: 30_000 });
  } catch (error) {
    const { stderr, message, code } = error as { stderr?: string; message: string; code?: string };
    if (code === 'ENOENT') throw new SetupError(`there is no ${name} here, so no service can be made`);
    throw new SetupError(`${name} ${args.join(' ')} failed: ${stderr?.trim() || message}`);
  }
}

/** What was booted out is still going for a moment, in which launchd takes nothing of its name. */
async function bootstrap(file: string, env: NodeJS.ProcessEnv): Promise<void> {
  for (let left = BOOTSTRAP_TRIES; ; left--) {
    try {
      await command('launchctl', ['bootstrap', `gui/${userInfo().uid}`, file], env);
      return;
    } catch (error) {
      if (left <= 1) throw error;
      await delay(BOOTSTRAP_AGAIN);
    }
  }
}

/** Nothing where it fails: what it would tell is not known then. */
async function output(name: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  return run(name, args, { env, timeout: 5_000 }).then(
    ({ stdout }) => stdout,
    () => '',
  );
}

function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

async function optional(name: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<boolean> {
  return run(name, args, { env, timeout: 30_000 }).then(
    () => true,
    () => false,
  );
}
