// The command line as a person and a script use it, as a process of its own: same pod and other pod, memory and Redis.
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, type CommandLine, startCluster } from './kit/cluster.ts';
import type { HermitProcess } from './kit/hermit-process.ts';
import { until } from './kit/wait.ts';

/** `seq 1 n` as a terminal prints it. */
function seqHash(n: number): string {
  const hash = createHash('sha256');
  for (let i = 1; i <= n; i += 1000) {
    let text = '';
    for (let j = i; j < i + 1000 && j <= n; j++) text += `${j}\r\n`;
    hash.update(text);
  }
  return hash.digest('hex');
}

/** Hashes what a process prints, as it comes. */
function hashing(process: HermitProcess): { bytes: number; digest(): string } {
  const hash = createHash('sha256');
  const seen = { bytes: 0, digest: () => hash.digest('hex') };
  process.child.stdout?.removeAllListeners('data').setEncoding('latin1');
  process.child.stdout?.on('data', (text: string) => {
    hash.update(text, 'latin1');
    seen.bytes += text.length;
  });
  return seen;
}

/** One pod that has everything in itself, and three that share Redis; an agent at the first of each. */
const clusters: Partial<Record<'memory' | 'redis', Cluster>> = {};
beforeAll(async () => {
  clusters.redis = await startCluster({ pods: 3 });
  clusters.memory = await startCluster();
  for (const cluster of Object.values(clusters)) await cluster.startAgent(cluster.pod(0).url);
});
afterAll(async () => {
  for (const cluster of Object.values(clusters)) await cluster[Symbol.asyncDispose]();
});

describe.each([
  { name: 'same pod, memory', bus: 'memory', viewerAt: 0 },
  { name: 'same pod, Redis', bus: 'redis', viewerAt: 0 },
  { name: 'other pod, Redis', bus: 'redis', viewerAt: 1 },
] as const)('$name', ({ bus, viewerAt }) => {
  let cluster: Cluster;
  let hermit: CommandLine;

  beforeAll(async () => {
    cluster = clusters[bus] as Cluster;
    hermit = await cluster.commandLine(cluster.pod(viewerAt).url);
  });

  test('lists, starts in the background, attaches, ends with the program’s status', async () => {
    const machines = JSON.parse(await hermit.output('machines', '--json')) as { name: string; online: boolean }[];
    expect(machines).toMatchObject([{ name: 'box', online: true }]);
    const script = 'read go; seq 1 200000; exit 7';
    const job = `job-${viewerAt}`;
    const id = (await hermit.output('new', 'box', '--name', job, '--detach', '--', 'sh', '-c', script)).trim();
    const sessions = JSON.parse(await hermit.output('sessions', 'box', '--json')) as { id: string; name: string }[];
    expect(sessions).toContainEqual(expect.objectContaining({ id, name: job }));

    await using writer = hermit.run(['attach', 'box', job, '--output', '-', '--from', '0']);
    const written = hashing(writer);
    const typist = cluster.person(cluster.pod(viewerAt).url);
    const viewer = typist.look(cluster.machine.id, id, { mode: 'stream' });
    await viewer.live();
    viewer.type('\r');
    expect(await writer.end(60_000)).toBe(7);
    const expected = createHash('sha256').update('\r\n');
    for (let i = 1; i <= 200_000; i += 1000) {
      let text = '';
      for (let j = i; j < i + 1000; j++) text += `${j}\r\n`;
      expected.update(text);
    }
    expect(written.digest()).toBe(expected.digest('hex'));
    await typist[Symbol.asyncDispose]();
  });

  test('kills a session, and says what went wrong by exit code and sentence', async () => {
    const sleeper = `sleeper-${viewerAt}`;
    const id = (await hermit.output('new', 'box', '--name', sleeper, '--detach', '--', 'sleep', '1000')).trim();
    await hermit.output('kill', 'box', sleeper);
    await until('it is gone', async () => {
      const sessions = JSON.parse(await hermit.output('sessions', 'box', '--json')) as { id: string; exit?: object }[];
      return sessions.find((s) => s.id === id)?.exit !== undefined;
    });
    const failing = async (...args: string[]) => {
      await using process = hermit.run(args);
      process.child.stdin?.end();
      return { code: await process.end(), says: process.stderr };
    };
    const [nothing, noMachine, noCommand, notThere] = await Promise.all([
      failing('attach', 'box', 'nothing', '--output', '-'),
      failing('sessions', 'bix'),
      failing('frobnicate'),
      failing('new', 'box', '--detach', '--', 'no-such-program-at-all'),
    ]);
    expect(nothing).toMatchObject({ code: 4 });
    expect(noMachine).toMatchObject({ code: 4, says: expect.stringContaining('box') });
    expect(noCommand).toMatchObject({ code: 2 });
    expect(notThere.code).not.toBe(0);
    expect(notThere.says).toContain('no-such-program-at-all');
  });
});

describe('a pod dies in the middle of seq', () => {
  test.for([
    { whose: 'the agent’s', victim: 0 },
    { whose: 'the client’s', victim: 1 },
  ])('$whose pod: the command line writes every byte', async ({ victim }) => {
    const cluster = clusters.redis as Cluster;
    const machine = await cluster.addMachine(`box-${victim}`);
    const agentPath = await cluster.path([0]);
    const clientPath = await cluster.path([1]);
    await cluster.startAgent(agentPath.url, machine);
    const hermit = await cluster.commandLine(clientPath.url);
    await using process = hermit.run(['new', machine.name, '--', 'sh', '-c', 'seq 1 500000; exit 7']);
    const written = hashing(process);
    await until(
      `it is under way\n${process.stderr}`,
      () => {
        if (process.ended) throw new Error(`it has ended with ${process.code}\n${process.stderr}`);
        return written.bytes > 500_000;
      },
      40_000,
    );
    cluster.pod(victim).kill();
    expect(await process.end(60_000)).toBe(7);
    expect(written.digest()).toBe(seqHash(500_000));
    await cluster.pod(victim).restart();
  });
});
