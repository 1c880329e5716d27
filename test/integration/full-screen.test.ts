// The command line on a real terminal: full-screen programs leave the very screen that the same keystrokes leave without
// Hermit, and the terminal is afterwards what it was before.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from './kit/cluster.ts';
import { LocalTerminal, placeHermit } from './kit/local-terminal.ts';
import { ReferenceTerminal } from './kit/reference.ts';
import { until } from './kit/wait.ts';

const SIZE = { cols: 80, rows: 24 };

type Program = {
  name: string;
  args: string[];
  /** Keys, and what the screen shows after them. */
  keys: [keys: string, shows: string][];
};

const PROGRAMS: Program[] = [
  {
    name: 'vim',
    args: ['-u', 'NONE', '-i', 'NONE', '-n', '--cmd', 'set nocompatible ruler', 'poem'],
    keys: [
      ['', 'line 1 of the poem'],
      ['5G', '5,1'],
      ['Owe wrote this ☃\u001b', 'we wrote this ☃'],
      [':set number\r', '  1 line 1'],
      ['/line 40\r', 'line 40 of the poem'],
      // The ruler says the same before and after.
      ['dd', ' 41 line 41 '],
    ],
  },
  {
    name: 'less',
    args: ['-N', 'poem'],
    keys: [
      ['', 'line 1 of the poem'],
      [' ', 'line 30 of the poem'],
      ['/line 77\r', 'line 77 of the poem'],
      ['g', 'line 1 of the poem'],
    ],
  },
];

let directory: string;
/** What each program shows after each step on a terminal without Hermit. */
const expected: Record<string, string[][]> = {};
const clusters: Partial<Record<'memory' | 'redis', Cluster>> = {};

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'hermit-screen-'));
  const lines = Array.from({ length: 100 }, (_, i) => `line ${i + 1} of the poem, with a snowman ☃ and 漢字\n`);
  writeFileSync(join(directory, 'poem'), lines.join(''));
  placeHermit(directory);
  const locally = async ({ name, args, keys }: Program) => {
    expect(execFileSync('sh', ['-c', `command -v ${name}`]).length).toBeGreaterThan(0);
    using terminal = new LocalTerminal({ command: name, args, cwd: directory, size: SIZE });
    const screens: string[][] = [];
    for (const [typed, shows] of keys) {
      if (typed) terminal.type(typed);
      screens.push(await terminal.settled(shows));
    }
    expected[name] = screens;
  };
  const started = async (bus: 'memory' | 'redis') => {
    const cluster = await startCluster({ bus, pods: bus === 'redis' ? 2 : 1 });
    clusters[bus] = cluster;
    await cluster.startAgent(cluster.pod(0).url);
  };
  await Promise.all(PROGRAMS.map(locally));
  await Promise.all([started('redis'), started('memory')]);
});
afterAll(async () => {
  for (const cluster of Object.values(clusters)) await cluster[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

describe.each([
  { name: 'same pod, memory', bus: 'memory', viewerAt: 0 },
  { name: 'same pod, Redis', bus: 'redis', viewerAt: 0 },
  { name: 'other pod, Redis', bus: 'redis', viewerAt: 1 },
] as const)('$name', ({ bus, viewerAt }) => {
  let cluster: Cluster;
  let env: Record<string, string>;
  beforeAll(async () => {
    cluster = clusters[bus] as Cluster;
    const line = await cluster.commandLine(cluster.pod(viewerAt).url);
    env = { ...line.env, PATH: `${directory}:${process.env.PATH}` };
  });

  test.for(PROGRAMS)('$name', async ({ name, args, keys }) => {
    const words = ['new', 'box', '--name', `${name}-${viewerAt}`, '--cwd', directory, '--detach-key', 'none'];
    using terminal = new LocalTerminal({
      ...{ command: join(directory, 'hermit'), args: [...words, '--', name, ...args], cwd: directory },
      ...{ env, size: SIZE },
    });
    for (const [at, [typed, shows]] of keys.entries()) {
      if (typed) terminal.type(typed);
      expect(await terminal.settled(shows), `after ${JSON.stringify(typed)}`).toEqual(expected[name]?.[at]);
    }

    // Somebody who comes now, elsewhere, gets the same screen from a snapshot.
    const other = cluster.person(cluster.pod(cluster.pods.length - 1).url);
    const session = (await other.sessions(cluster.machine.id)).find((s) => s.name === `${name}-${viewerAt}`);
    const late = other.look(cluster.machine.id, session?.id ?? '', { readOnly: true });
    const painted = new ReferenceTerminal(SIZE);
    late.onPaint = (what) => painted.paint(what);
    await late.live();
    expect(await painted.screen()).toEqual(expected[name]?.at(-1));
    await other[Symbol.asyncDispose]();
  });

  test('a shell: resized, stopped and continued, left and come back to, with its status and the terminal as it was', async () => {
    // Without its line editor, which sets the terminal its own way at each prompt.
    const args = ['--norc', '--noprofile', '--noediting', '-i'];
    using terminal = new LocalTerminal({
      command: 'bash',
      args,
      cwd: directory,
      env: { ...env, PS1: 'local> ' },
      size: SIZE,
    });
    await terminal.shows('local>');
    const before = terminal.modes;
    terminal.type(`hermit new box --name shell-${viewerAt} -- env PS1='remote> ' sh\r`);
    await terminal.shows('hermit: Ctrl-] detaches');

    terminal.type('stty size\r');
    await terminal.shows('24 80');
    terminal.resize({ cols: 100, rows: 30 });
    terminal.type('until [ "$(stty size)" = "30 100" ]; do sleep 0.02; done; echo res"ized"\r');
    await terminal.shows('resized');

    const raw = terminal.modes;
    expect(raw).not.toBe(before);
    process.kill(Number(readFileSync(join(directory, 'hermit.pid'), 'utf8')), 'SIGSTOP');
    await terminal.shows('Stopped');
    expect(terminal.modes).toBe(before);
    terminal.type('fg\r');
    await until(
      () => `raw again\n${terminal.modes}`,
      () => terminal.modes === raw,
    );
    terminal.type('echo still "there"\r');
    await terminal.shows('still there');

    terminal.type('\u001d');
    await terminal.shows('Detached; ');
    terminal.type('echo "left=$?"\r');
    await terminal.shows('left=0');
    expect(terminal.modes).toBe(before);

    terminal.type(`clear; hermit attach box shell-${viewerAt}\r`);
    await terminal.shows('hermit: Ctrl-] detaches');
    terminal.type('exit 7\r');
    await terminal.shows('has ended with status 7');
    terminal.type('echo "ended=$?"\r');
    await terminal.shows('ended=7');
    expect(terminal.reference.terminal.buffer.active.type).toBe('normal');
    expect(terminal.modes).toBe(before);
  });
});
