// Where an enrolled machine keeps its token: a file of this user's alone.
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { SetupError } from '../token.ts';

/**
 * One for each relay and name: a computer may be several machines, and no relay is shown the token of another. Throws a
 * SetupError where `relay` is no address.
 */
export function tokenFileOf(relay: string, name: string, env: NodeJS.ProcessEnv): string {
  const config = env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config');
  const address = relay.replace(/^ws/, 'http');
  if (!URL.canParse(address))
    throw new SetupError(`--relay must be a URL like https://hermit.example.org, not “${relay}”`);
  const { host, protocol, pathname } = new URL(address);
  // For people; the digest tells apart what looks the same.
  const readable = `${name}@${host}`.replaceAll(/[^A-Za-z0-9._@-]/g, '_').replace(/^\./, '_');
  const exact = createHash('sha256')
    .update([protocol, host, pathname.replace(/\/$/, ''), name].join('\0'))
    .digest('hex');
  return join(config, 'hermit', `${readable.slice(0, 100)}-${exact.slice(0, 12)}.token`);
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

/** Whether there was one. */
export function forgetToken(file: string): boolean {
  const had = hasToken(file);
  rmSync(file, { force: true });
  return had;
}
