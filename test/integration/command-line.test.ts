// The command line as a person and a script use it, as a process of its own: same pod and other pod, memory and Redis.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, type CommandLine, startCluster } from './kit/cluster.ts';
import type { HermitProcess } from './kit/hermit-process.ts';
import { LocalTerminal, placeHermit } from './kit/local-terminal.ts';
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

  test('types what a pipe brings, and that it has ended', async () => {
    const typed = async (input: string) => {
      await using process = hermit.run(['new', 'box', '--', 'sh', '-c', 'cat; echo over']);
      process.child.stdin?.end(input);
      return { code: await process.end(), lines: process.stdout.split('\r\n') };
    };
    const [whole, begun, none] = await Promise.all([typed('one\n'), typed('one'), typed('')]);
    expect(whole.lines.filter((line) => line === 'one')).toHaveLength(2);
    for (const { code, lines } of [whole, begun, none]) {
      expect(code).toBe(0);
      expect(lines.join(' ')).toContain('over');
    }
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
    expect(notThere.code).toBe(126);
    expect(notThere.says).toContain('no-such-program-at-all');
  });
});

describe('completion', () => {
  const present = (shell: string) => spawnSync('sh', ['-c', `command -v ${shell}`]).status === 0;
  const shells = [
    { shell: 'bash', args: ['--norc', '--noprofile', '-i'], learn: 'eval "$(hermit completion bash)"' },
    {
      ...{ shell: 'zsh', args: ['-f', '-i'] },
      learn: 'autoload -Uz compinit; compinit -D -u; eval "$(hermit completion zsh)"',
    },
    { shell: 'fish', args: ['--no-config', '-i'], learn: 'hermit completion fish | source' },
  ];
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hermit-shell-'));
    placeHermit(directory);
    const cluster = clusters.memory as Cluster;
    await cluster.startAgent(cluster.pod(0).url, await cluster.addMachine('build box'));
    const hermit = await cluster.commandLine(cluster.pod(0).url);
    await hermit.output('new', 'build box', '--name', 'web:one two', '--detach', '--', 'sleep', '1000');
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  test.for(shells)('in $shell: names with blanks and colons, of the relay that is typed', async (each, { skip }) => {
    const { shell, args, learn } = each;
    if (!present(shell)) skip(`${shell} is not installed`);
    const cluster = clusters.memory as Cluster;
    const relay = cluster.pod(0).url;
    const { env } = await cluster.commandLine(relay);
    const PATH = `${directory}:${process.env.PATH}`;
    using terminal = new LocalTerminal({
      ...{ command: shell, args, cwd: directory, size: { cols: 150, rows: 24 } },
      env: { ...env, PATH, HOME: directory, HERMIT_RELAY: 'http://127.0.0.1:1' },
    });
    terminal.type(`${learn}; echo lea"rnt"\r`);
    await terminal.shows('learnt');
    /** Presses Tab until the word is whole: a busy machine may keep who completes waiting for longer than it waits. */
    const tab = async (shows: RegExp) => {
      let pressed = 0;
      await until(
        () => `${shows} is completed`,
        async () => {
          if (shows.test(await terminal.text())) return true;
          if (Date.now() - pressed > 6_000) {
            pressed = Date.now();
            terminal.type('\t');
          }
          return false;
        },
        40_000,
        50,
      );
    };
    terminal.type(`hermit attach --relay ${relay} buil`);
    await tab(/build\\ box ?$|build\\ box /);
    terminal.type(' web:');
    await tab(/web:one\\ two|web\\:one\\ two/);
    // What the shell makes of the line.
    terminal.type(`\u0001printf '<%s>' \r`);
    await terminal.shows(`<hermit><attach><--relay><${relay}><build box><web:one two>`);
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
