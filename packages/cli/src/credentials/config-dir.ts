// Where a user's configuration of Hermit lives.
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** `$XDG_CONFIG_HOME/hermit`; without it `~/.config/hermit`, and on Windows `%APPDATA%\hermit`. */
export function configDir(env: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform): string {
  const xdg = env.XDG_CONFIG_HOME;
  if (xdg && isAbsolute(xdg)) return join(xdg, 'hermit');
  if (platform === 'win32' && env.APPDATA) return join(env.APPDATA, 'hermit');
  return join(env.HOME || homedir(), '.config', 'hermit');
}
