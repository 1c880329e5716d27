// Builds the web terminal's static files when they are missing or older than their sources.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../setup/pinned-node.mjs';
import type { LogFile } from './log-file.ts';

const web = join(root, 'services', 'web');
const sources = [
  join(web, 'src'),
  join(web, 'public'),
  join(web, 'index.html'),
  join(web, 'package.json'),
  join(web, 'vite.config.ts'),
  ...['protocol', 'transport', 'client'].map((name) => join(root, 'packages', name, 'src')),
];
const buildDeadlineMs = 180_000;

/** The newest modification below `path`, in milliseconds; 0 where there is nothing. */
const newest = (path: string): number => {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((entry) => newest(join(path, entry))));
};

export const webTerminalIsStale = (): boolean => {
  if (!existsSync(join(web, 'index.html'))) return false;
  const built = statSync(join(web, 'dist', 'index.html'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return sources.some((source) => newest(source) > built);
};

/** Resolves to whether it was built. Without a web terminal everything else still works. */
export const buildWebTerminal = async (log: LogFile): Promise<boolean> => {
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const child = spawn(process.execPath, [vite, 'build', '--logLevel', 'warn'], {
    cwd: web,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: buildDeadlineMs,
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => log.append(text));
  }
  const [code] = await once(child, 'close');
  return code === 0;
};
