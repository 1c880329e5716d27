// Builds the web terminal for the tests, unless what is built is as new as its sources.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogFile } from '../../../scripts/start/log-file.ts';
import { buildWebTerminal, webTerminalIsStale } from '../../../scripts/start/web-terminal.ts';

export default async function build(): Promise<void> {
  if (!webTerminalIsStale()) return;
  const directory = mkdtempSync(join(tmpdir(), 'hermit-web-build-'));
  try {
    const log = new LogFile(join(directory, 'build.log'));
    if (!(await buildWebTerminal(log))) throw new Error(`The web terminal could not be built:\n${log.tail(40)}`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
