// Pacing and screens under flood: Ctrl-C answers at once, a slow viewer stalls nobody, a reattach paints the screen and
// not the past, and nothing grows without bound.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LIMITS } from '@hermit/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from './kit/cluster.ts';
import { bound, median, QUIET, report } from './kit/measured.ts';
import { ReferenceTerminal } from './kit/reference.ts';
import { Talk } from './kit/talk.ts';
import type { TestViewer } from './kit/viewer.ts';
import { until } from './kit/wait.ts';

const MiB = 1024 * 1024;

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ pods: 2 });
  await cluster.startAgent(cluster.pod(0).url);
});
afterAll(() => cluster?.[Symbol.asyncDispose]());

describe.each([
  { place: 'same pod', viewerAt: 0 },
  { place: 'other pod', viewerAt: 1 },
])('$place', ({ viewerAt }) => {
  const shell = { command: 'sh', args: ['-i'], env: { PS1: 'prompt> ' }, cols: 80, rows: 24 };

  test('Ctrl-C under flood, behind 100 KB/s and 50 ms: the prompt is back at once', async () => {
    const path = await cluster.path([viewerAt], { delayMs: 50, bytesPerSecond: 100_000 });
    const person = cluster.person(path.url);
    const session = await person.start(cluster.machine.id, shell);
    const viewer = person.look(cluster.machine.id, session.id, { size: { cols: 80, rows: 24 } });
    await viewer.live();
    await viewer.sees('prompt> ');
    const took: number[] = [];
    for (let round = 0; round < (QUIET ? 7 : 3); round++) {
      viewer.type('while :; do echo a line of a program that prints without end; done\r');
      const from = viewer.bytes;
      await until('the flood is under way', () => viewer.bytes > from + 100_000);
      const pressed = performance.now();
      viewer.tail = '';
      viewer.type('\u0003');
      await until('the prompt is back', () => /prompt> $/.test(viewer.tail), 20_000);
      took.push(performance.now() - pressed);
    }
    report('Ctrl-C to prompt', took, 'ms');
    expect(median(took)).toBeLessThanOrEqual(bound(400, 1_200));
    await person[Symbol.asyncDispose]();
  });

  test('a viewer at 20 KB/s beside one at full speed', { timeout: 240_000 }, async () => {
    const person = cluster.person(cluster.pod(viewerAt).url);
    const program = { command: 'sh', args: ['-c', 'read go; seq 1 3000000 | head -c 12000000; echo; echo the end'] };
    const alone = async (): Promise<number> => {
      const session = await person.start(cluster.machine.id, program);
      const viewer = person.look(cluster.machine.id, session.id, { mode: 'stream' });
      await viewer.live();
      const started = performance.now();
      viewer.type('\r');
      await viewer.ended(60_000);
      return viewer.bytes / (performance.now() - started);
    };
    const beside = async (): Promise<number> => {
      const slowPath = await cluster.path([viewerAt], { bytesPerSecond: 20_000 });
      const slow = cluster.person(slowPath.url);
      const session = await person.start(cluster.machine.id, program);
      const slowViewer = slow.look(cluster.machine.id, session.id);
      await slowViewer.live();
      const viewer = person.look(cluster.machine.id, session.id, { mode: 'stream' });
      await viewer.live();
      const started = performance.now();
      viewer.type('\r');
      await viewer.ended(60_000);
      const speed = viewer.bytes / (performance.now() - started);
      // The slow one skips ahead, and sees the end as well.
      await slowViewer.ended(60_000);
      expect(slowViewer.tail).toContain('the end');
      await slow[Symbol.asyncDispose]();
      return speed;
    };
    const ratios: number[] = [];
    // Beside other tests one round that succeeds is enough: what slows another may be they.
    const enough = () => !QUIET && ratios.some((ratio) => ratio >= 0.5);
    for (let round = 0; round < 3 && !enough(); round++) ratios.push(1 / ((await alone()) / (await beside())));
    report('of its lone throughput', ratios, 'times', 2);
    if (QUIET) expect(median(ratios)).toBeGreaterThanOrEqual(0.9);
    else expect(Math.max(...ratios)).toBeGreaterThanOrEqual(0.5);
    await person[Symbol.asyncDispose]();
  });

  test('a program never waits for a viewer that is away, and typing is refused when the queue is full', async () => {
    const path = await cluster.path([viewerAt]);
    const person = cluster.person(path.url);
    const talk = await Talk.start(person, cluster.machine.id, 2_000, 4_000);
    const viewer = person.look(cluster.machine.id, talk.session.id, { mode: 'stream' });
    await viewer.sees('00000100 ');
    path.offline();
    await until('it is noticed', () => viewer.state === 'waiting');
    const page = 'x'.repeat(1_024);
    let taken = 0;
    while (talk.type(viewer, page)) taken++;
    expect(taken).toBe(64);
    path.online();
    await until('there is room again', () => viewer.attachment.inputRoom > 0);
    talk.finish(viewer);
    await talk.complete(viewer);
    await person[Symbol.asyncDispose]();
  });

  test('the last bytes of programs that end while they are paced, and then the end', async () => {
    const [bytes, rate] = [120_000, 100];
    const program = { command: 'sh', args: ['-c', `read go; seq 1 100000 | head -c ${bytes}; printf "the end"`] };
    const person = cluster.person(cluster.pod(viewerAt).url);
    const offsetAtEnd = new Map<string, number | null | undefined>();
    const viewers = new Map<string, TestViewer>();
    person.connection.listen({
      sessionEnded: ({ sessionId }) => offsetAtEnd.set(sessionId, viewers.get(sessionId)?.attachment.offset),
    });
    const started = performance.now();
    for (let i = 0; i < 5; i++) {
      const { id } = await person.start(cluster.machine.id, program);
      const viewer = person.look(cluster.machine.id, id, { mode: 'stream', rate });
      viewers.set(id, viewer);
      await viewer.live();
      viewer.type('\r');
    }
    for (const [id, viewer] of viewers) {
      await viewer.ended();
      expect(viewer.tail.endsWith('the end')).toBe(true);
      // The end was told once everything was there.
      expect(offsetAtEnd.get(id)).toBe(viewer.bytes);
    }
    // Each printed more than a window, so that its last bytes waited behind a pause.
    expect(performance.now() - started).toBeGreaterThan((bytes - LIMITS.windowStart) / rate);
    expect(new Set([...viewers.values()].map(({ sha256 }) => sha256)).size).toBe(1);
    await person[Symbol.asyncDispose]();
  });

  test('a viewer who only watches can neither type nor resize', async () => {
    const person = cluster.person(cluster.pod(viewerAt).url);
    const session = await person.start(cluster.machine.id, shell);
    const driver = person.look(cluster.machine.id, session.id, { size: { cols: 80, rows: 24 } });
    await driver.sees('prompt> ');
    const other = cluster.person(cluster.pod(viewerAt).url);
    const watcher = other.look(cluster.machine.id, session.id, { readOnly: true, size: { cols: 20, rows: 5 } });
    await watcher.live();
    expect(watcher.type('echo mischief\r')).toBe(false);
    watcher.attachment.resize({ cols: 10, rows: 5 });
    driver.type('stty size; echo do""ne\r');
    await driver.sees('done');
    expect(driver.tail).toContain('24 80');
    expect(driver.tail).not.toContain('mischief');
    await other[Symbol.asyncDispose]();
    await person[Symbol.asyncDispose]();
  });

  test('who asks to drive gives the terminal its size, and both are told; so it is with a size that is fixed', async () => {
    await using person = cluster.person(cluster.pod(viewerAt).url);
    await using other = cluster.person(cluster.pod(0).url);
    const session = await person.start(cluster.machine.id, { ...shell, sizePolicy: 'driver' });
    const first = person.look(cluster.machine.id, session.id, { size: { cols: 80, rows: 24 } });
    await first.sees('prompt> ');
    const second = other.look(cluster.machine.id, session.id, { size: { cols: 101, rows: 31 } });
    await second.live();
    const measured = async (size: string, by: string) => {
      await until('both know who drives', () => [first, second].every((each) => each.lastStatus?.driver === by));
      second.type('stty size\r');
      // With the prompt: what is typed before the shell reads again is echoed first, and the answer begins no line.
      await second.sees(`\n${size}\r\nprompt> `);
    };
    await measured('24 80', first.attachment.clientId);
    second.attachment.drive();
    await measured('31 101', second.attachment.clientId);
    first.attachment.setSizePolicy('fixed', { cols: 90, rows: 30 });
    await until('it is fixed', () => second.lastStatus?.sizePolicy === 'fixed');
    await measured('30 90', second.attachment.clientId);
  });
});

test('a reattach after 50 MB paints the right screen, in less than 1 MB', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'hermit-flow-'));
  cluster.stack.defer(() => rmSync(directory, { recursive: true, force: true }));
  const printed = join(directory, 'printed');
  const starter = cluster.person(cluster.pod(0).url);
  const session = await starter.start(cluster.machine.id, {
    command: 'sh',
    args: [
      '-c',
      `seq 1 8000000 | head -c 50000000; printf "\\nthe \\033[31mred\\033[0m end> "; touch ${printed}; read stop`,
    ],
    cols: 80,
    rows: 24,
  });
  await until('everything is printed, before nobody', () => existsSync(printed), 60_000);

  for (const viewerAt of [0, 1]) {
    const took: number[] = [];
    for (let round = 0; round < (QUIET ? 5 : 3); round++) {
      const other = cluster.person(cluster.pod(viewerAt).url);
      await until('it is connected', () => other.connection.state.name === 'live');
      const reference = new ReferenceTerminal({ cols: 80, rows: 24 });
      const started = performance.now();
      const viewer = other.look(cluster.machine.id, session.id, { size: { cols: 80, rows: 24 } });
      viewer.onPaint = (painted) => reference.paint(painted);
      // Until the last line of the screen is painted, not only until the relay has sent it.
      const painted = async () => (await reference.screen())[23] === 'the red end> ';
      await until('the screen is painted', painted, 15_000, 1);
      took.push(performance.now() - started);
      await viewer.live();
      const screen = await reference.screen();
      expect(screen[23]).toBe('the red end> ');
      expect(screen[24]).toBe('cursor 13,23 normal');
      expect(viewer.snapshots).toBe(1);
      expect(viewer.snapshotBytes + viewer.bytes).toBeLessThan(MiB);
      await other[Symbol.asyncDispose]();
    }
    report(`reattached and painted, ${viewerAt === 0 ? 'same' : 'other'} pod`, took, 'ms');
    expect(median(took)).toBeLessThan(bound(300, 1_000));
  }
  await starter[Symbol.asyncDispose]();
});
