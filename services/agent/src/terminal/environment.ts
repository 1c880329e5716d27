// What a session starts with: the user's login shell in the home directory, and an environment without our own secrets.
import { accessSync, constants } from 'node:fs';
import { userInfo } from 'node:os';

/** Variables of the terminal or the multiplexer that the agent was started in, and of the service that runs it. */
const FOREIGN = new Set([
  'TMUX',
  'TMUX_PANE',
  'STY',
  'WINDOW',
  'WINDOWID',
  'TERMCAP',
  'COLUMNS',
  'LINES',
  'TERM_SESSION_ID',
  'VTE_VERSION',
  'KITTY_WINDOW_ID',
  'WT_SESSION',
  'NO_COLOR',
  'NODE_OPTIONS',
  'NODE_CHANNEL_FD',
  'NODE_UNIQUE_ID',
  'INIT_CWD',
  'INVOCATION_ID',
  'SYSTEMD_EXEC_PID',
  'MANAGERPID',
  'MEMORY_PRESSURE_WATCH',
  'MEMORY_PRESSURE_WRITE',
  'JOURNAL_STREAM',
  'NOTIFY_SOCKET',
  'LISTEN_FDS',
  'LISTEN_PID',
  'LISTEN_FDNAMES',
  'CREDENTIALS_DIRECTORY',
  'WATCHDOG_PID',
  'WATCHDOG_USEC',
]);
/** HERMIT_*: the agent's configuration, its token among it. npm_*: the script that may have started it. */
const FOREIGN_PREFIXES = ['HERMIT_', 'npm_'];

export type LoginShell = { command: string; args: readonly string[] };

/** The environment of every session of this agent; a session adds HERMIT_SESSION. */
export function sessionEnvironment(own: NodeJS.ProcessEnv, machine: string, version: string): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(own)) {
    if (value === undefined || FOREIGN.has(name) || FOREIGN_PREFIXES.some((p) => name.startsWith(p))) continue;
    env[name] = value;
  }
  const user = currentUser();
  if (user) {
    env.HOME ??= user.homedir;
    env.USER ??= user.username;
    env.LOGNAME ??= user.username;
  }
  env.SHELL = loginShell(own).command;
  env.TERM = 'xterm-256color';
  env.COLORTERM = 'truecolor';
  env.TERM_PROGRAM = 'hermit';
  env.TERM_PROGRAM_VERSION = version;
  env.HERMIT_MACHINE = machine;
  // A service has no locale, and programs would then refuse to print anything but ASCII.
  if (!env.LC_ALL && !env.LC_CTYPE && !env.LANG) env.LANG = 'C.UTF-8';
  return env;
}

/** $SHELL, else what the user database says, else sh; as a login shell, because nothing before it read a profile. */
export function loginShell(own: NodeJS.ProcessEnv): LoginShell {
  const command = [own.SHELL, currentUser()?.shell].find((shell) => shell && isShell(shell)) ?? '/bin/sh';
  return { command, args: ['-l'] };
}

export function homeDirectory(own: NodeJS.ProcessEnv): string {
  return own.HOME || currentUser()?.homedir || '/';
}

/** Null for a user id that no database knows, as in many containers. */
function currentUser(): { username: string; homedir: string; shell: string | null } | null {
  try {
    return userInfo();
  } catch {
    return null;
  }
}

function isShell(path: string): boolean {
  if (!path.startsWith('/') || /\/(nologin|false|true)$/.test(path)) return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
