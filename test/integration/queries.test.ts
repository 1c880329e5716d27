// A program that asks its terminal: answered by the agent while nobody is attached, otherwise by the driver alone.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cluster, startCluster } from './kit/cluster.ts';
import { until } from './kit/wait.ts';

let cluster: Cluster;
let directory: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'hermit-queries-'));
  cluster = await startCluster();
  await cluster.startAgent(cluster.pod(0).url);
});
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

/** Asks for the primary attributes and waits, looks for a second answer, and asks again when somebody has come. */
const ASKS = `
heard() { head -c 7 | tr '\\033' '^'; }
stty -echo -icanon min 0 time 150
printf '\\033[c'
printf 'first %s.\\n' "$(heard)"
stty min 0 time 10
printf 'then %s.\\n' "$(heard)"
stty min 1 time 0
touch asked
read go
stty min 0 time 10
printf '\\033[c'
printf 'again %s.\\n' "$(heard)"
`;

test('the agent answers a program that is alone, once, and none that somebody drives', async () => {
  const person = cluster.person(cluster.pod(0).url);
  const session = await person.start(cluster.machine.id, { command: 'sh', args: ['-c', ASKS], cwd: directory });
  await until('the program has asked and waited', () => existsSync(join(directory, 'asked')), 40_000);
  // This viewer gets everything from the start, drives, and has no terminal that would answer.
  const viewer = person.look(cluster.machine.id, session.id, { mode: 'stream' });
  await viewer.live();
  viewer.type('\n');
  await viewer.ended(30_000);
  expect(viewer.tail.match(/(first|then|again) .*\./g)).toEqual(['first ^[?1;2c.', 'then .', 'again .']);
});
