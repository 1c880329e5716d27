// Full-screen programs through the relay leave the very screen that the same keystrokes leave on a local terminal.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { spawnPty } from '../../services/agent/src/terminal/pty.ts';
import { type Cluster, startCluster } from './kit/cluster.ts';
import { ReferenceTerminal } from './kit/reference.ts';
import { until } from './kit/wait.ts';

const SIZE = { cols: 80, rows: 24 };

type Program = {
  name: string;
  command: string;
  args: (directory: string) => string[];
  /** Keys, and what the screen shows after them. */
  keys: [keys: string, shows: string][];
};

const PROGRAMS: Program[] = [
  {
    name: 'vim',
    command: 'vim',
    args: (directory) => ['-u', 'NONE', '-i', 'NONE', '-n', '--cmd', 'set nocompatible ruler', join(directory, 'poem')],
    keys: [
      ['', 'line 1 of the poem'],
      ['5G', '5,1'],
      ['Owe wrote this ☃\u001b', 'we wrote this ☃'],
      [':set number\r', '  1 line 1'],
      ['/line 40\r', 'line 40 of the poem'],
      ['dd', '41,1 '],
    ],
  },
  {
    name: 'less',
    command: 'less',
    args: (directory) => ['-N', join(directory, 'poem')],
    keys: [
      ['', 'line 1 of the poem'],
      [' ', 'line 30 of the poem'],
      ['/line 77\r', 'line 77 of the poem'],
      ['g', 'line 1 of the poem'],
    ],
  },
];

const ENV = { TERM: 'xterm-256color', LANG: 'C.UTF-8', PATH: process.env.PATH ?? '', HOME: tmpdir() };

let cluster: Cluster;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'hermit-screen-'));
  const lines = Array.from({ length: 100 }, (_, i) => `line ${i + 1} of the poem, with a snowman ☃ and 漢字\n`);
  writeFileSync(join(directory, 'poem'), lines.join(''));
  cluster = await startCluster({ pods: 2 });
  await cluster.startAgent(cluster.pod(0).url);
});
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

describe.each(['same pod', 'other pod'])('%s', (place) => {
  /** The screen after each step on a PTY of this machine, without Hermit. */
  async function locally(program: Program): Promise<string[][]> {
    const reference = new ReferenceTerminal(SIZE);
    const args = program.args(directory);
    const terminal = spawnPty({ command: program.command, args, cwd: directory, env: ENV, size: SIZE });
    terminal.onData((bytes) => reference.paint(bytes));
    terminal.onExit(() => {});
    const screens: string[][] = [];
    for (const [keys, shows] of program.keys) {
      terminal.write(Buffer.from(keys));
      screens.push(await settled(reference, shows));
    }
    terminal.kill('SIGKILL');
    return screens;
  }

  /** The screen once it shows a text and has stopped changing. */
  async function settled(reference: ReferenceTerminal, shows: string): Promise<string[]> {
    let before = '';
    let same = 0;
    return until(`the screen shows “${shows}”:\n${(await reference.screen()).join('\n')}`, async () => {
      const screen = await reference.screen();
      const now = screen.join('\n');
      same = now === before && now.includes(shows) ? same + 1 : 0;
      before = now;
      return same >= 15 ? screen : false;
    });
  }

  test.for(PROGRAMS)('$name', async (program) => {
    expect(execFileSync('sh', ['-c', `command -v ${program.command}`]).length).toBeGreaterThan(0);
    const expected = await locally(program);

    const person = cluster.person(cluster.pod(place === 'same pod' ? 0 : 1).url);
    const { command, args, keys } = program;
    const session = await person.start(cluster.machine.id, {
      command,
      args: args(directory),
      cwd: directory,
      env: { LANG: 'C.UTF-8', HOME: tmpdir() },
      ...SIZE,
    });
    const viewer = person.look(cluster.machine.id, session.id, { size: SIZE });
    const reference = new ReferenceTerminal(SIZE);
    viewer.onPaint = (painted) => reference.paint(painted);
    await viewer.live();
    for (const [at, [typed, shows]] of keys.entries()) {
      if (typed) viewer.type(typed);
      expect(await settled(reference, shows), `after ${JSON.stringify(typed)}`).toEqual(expected[at]);
    }

    // Somebody who comes now gets the same screen from a snapshot.
    const other = cluster.person(cluster.pod(1).url);
    const late = other.look(cluster.machine.id, session.id, { readOnly: true });
    const painted = new ReferenceTerminal(SIZE);
    late.onPaint = (what) => painted.paint(what);
    await late.live();
    expect(await painted.screen()).toEqual(expected.at(-1));
    await other[Symbol.asyncDispose]();
    await person[Symbol.asyncDispose]();
  });
});
