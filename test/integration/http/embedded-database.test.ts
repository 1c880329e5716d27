// What the database inside the relay keeps when its process is killed.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openDatabase } from '../../../services/relay/src/accounts/database.ts';

it('the embedded database survives the death of its process, at the first start and in the middle of writing', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'hermit-crash-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  /** Runs a relay's database until `enough` says so of a line, kills it, and returns the lines. */
  const runUntil = async (enough: (line: string) => boolean): Promise<string[]> => {
    const child = fork(new URL('./embedded-writer.ts', import.meta.url), [dataDir], { silent: true });
    const lines: string[] = [];
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
    const exited = once(child, 'exit');
    child.on('message', (line: string) => {
      lines.push(line);
      if (enough(line)) child.kill('SIGKILL');
    });
    await exited;
    if (!lines.some(enough)) throw new Error(`the relay ended by itself: ${said}`);
    return lines;
  };
  await runUntil((line) => line === 'starting');
  const kept: string[] = [];
  for (let round = 0; round < 2; round++) {
    const lines = await runUntil((line) => line.startsWith('user 2'));
    kept.push(...lines.filter((line) => line.includes('@')).map((line) => line.split(' ')[2]!));
  }
  const after = await openDatabase({ database: { url: undefined, ca: undefined, pool: 1 }, dataDir });
  onTestFinished(() => after.close());
  const rows = await after.sql<{ email: string }[]>`select email from users`;
  const found = new Set(rows.map((row) => row.email));
  expect(kept.length).toBeGreaterThanOrEqual(6);
  expect(kept.filter((email) => !found.has(email))).toEqual([]);
});
