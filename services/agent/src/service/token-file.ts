// Where an enrolled machine keeps its token: a file of this user's alone.
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** One for each name: a computer may be several machines. */
export function tokenFileOf(name: string, env: NodeJS.ProcessEnv): string {
  const config = env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config');
  return join(config, 'hermit', `${name.replaceAll(/[^A-Za-z0-9._-]/g, '_').replace(/^\./, '_')}.token`);
}

/** Written aside and moved into place: a crash leaves the old token or the new one. */
export function keepToken(file: string, token: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const aside = `${file}.new`;
  rmSync(aside, { force: true });
  writeFileSync(aside, `${token}\n`, { mode: 0o600, flag: 'wx' });
  chmodSync(aside, 0o600);
  renameSync(aside, file);
}

export const hasToken = (file: string): boolean => existsSync(file);

export function forgetToken(file: string): void {
  rmSync(file, { force: true });
}
