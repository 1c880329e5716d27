// The screen in its thread: exact offsets, order, many sessions, and what happens when an emulator dies.
import { Worker } from 'node:worker_threads';
import { LIMITS } from '@hermit/protocol';
import { seeded } from '@hermit/transport';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { spawnPty } from '../terminal/pty.ts';
import { Emulator } from './emulator.ts';
import type { Screen, ScreenSnapshot } from './screen.ts';
import { babble, stateOf } from './testing.ts';
import { screenWorkers } from './worker.ts';

const failures: string[] = [];
const workers = screenWorkers((reason) => failures.push(reason));
afterAll(() => workers.stop());

const snapshotOf = (screen: Screen, atLeast: number) =>
  new Promise<ScreenSnapshot | null>((resolve) => screen.snapshot(atLeast, resolve));

async function shown(screen: Screen, atLeast: number): Promise<Emulator> {
  const snapshot = await snapshotOf(screen, atLeast);
  if (!snapshot) throw new Error('the emulator failed');
  const copy = new Emulator(snapshot.size, 1000);
  copy.parse(Buffer.from(snapshot.scrollback));
  copy.parse(Buffer.from(snapshot.screen));
  copy.offset = snapshot.offset;
  return copy;
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited 15 s for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('a screen in its thread', () => {
  it('shows what was written, whatever the chunks, at the offset it names', async () => {
    const seed = Math.floor(Math.random() * 1e9);
    const random = seeded(seed);
    const text = Buffer.from(babble(random, 20_000, 60, 15));
    const screen = workers.createScreen({ cols: 60, rows: 15 }, 1000);
    const original = new Emulator({ cols: 60, rows: 15 }, 1000);
    original.parse(text);
    for (let i = 0; i < text.length; ) {
      const n = 1 + Math.floor(random() * 300);
      screen.write(text.subarray(i, i + n));
      i += n;
      if (random() < 0.1) await new Promise((resolve) => setImmediate(resolve));
    }
    const copy = await shown(screen, text.length);
    expect(copy.offset).toBe(text.length);
    const above = original.core.buffers.normal.ybase;
    expect(stateOf(copy.core, above), `seed ${seed}`).toEqual(stateOf(original.core, above));
    await until(() => screen.backlog === 0, 'the end of the backlog');
    screen.dispose();
  });

  it('is handed a flood in large pieces, also after the first', async () => {
    const handedOver = vi.spyOn(Worker.prototype, 'postMessage');
    const screen = workers.createScreen({ cols: 80, rows: 24 }, 100);
    const piece = Buffer.from('a line of a flood\r\n'.repeat(2_500));
    const pieces = 400;
    for (let i = 0; i < pieces; i++) {
      screen.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
      await until(() => !screen.full, 'room');
    }
    await until(() => screen.backlog === 0, 'the end of the backlog');
    // 19 MB in pieces of 4 MiB, by time at most a few more; every piece by itself would be 400.
    expect(handedOver.mock.calls.length).toBeLessThan(pieces / 4);
    handedOver.mockRestore();
    screen.dispose();
  });

  it('changes size between the bytes where it was changed', async () => {
    const screen = workers.createScreen({ cols: 10, rows: 4 }, 100);
    screen.write(Buffer.from('0123456789ab'));
    screen.resize({ cols: 20, rows: 5 });
    screen.write(Buffer.from('\r\n0123456789abcdefghijk'));
    const snapshot = await snapshotOf(screen, 35);
    expect(snapshot?.size).toEqual({ cols: 20, rows: 5 });
    const original = new Emulator({ cols: 10, rows: 4 }, 100);
    original.parse(Buffer.from('0123456789ab'));
    original.resize({ cols: 20, rows: 5 });
    original.parse(Buffer.from('\r\n0123456789abcdefghijk'));
    expect(stateOf((await shown(screen, 35)).core, 0)).toEqual(stateOf(original.core, 0));
    screen.dispose();
  });

  it('answers once it has come to the offset, not before', async () => {
    const screen = workers.createScreen({ cols: 20, rows: 4 }, 100);
    screen.write(Buffer.from('before'));
    let answered = 0;
    screen.snapshot(10, (s) => {
      answered = s?.offset ?? -1;
    });
    expect((await snapshotOf(screen, 6))?.offset).toBe(6);
    expect(answered).toBe(0);
    screen.write(Buffer.from('after'));
    await until(() => answered === 11, 'the snapshot');
    screen.dispose();
  });

  it('keeps a character together that comes in parts', async () => {
    const screen = workers.createScreen({ cols: 20, rows: 4 }, 100);
    for (const byte of Buffer.from('“é🦀’—文')) {
      screen.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const length = Buffer.byteLength('“é🦀’—文');
    expect((await snapshotOf(screen, length))?.screen).toContain('“é🦀’—文');
    screen.dispose();
  });

  it('counts its backlog, tells when it has caught up, and skips plain output', async () => {
    const screen = workers.createScreen({ cols: 80, rows: 24 }, 1000);
    let caughtUp = 0;
    screen.onCaughtUp(() => {
      caughtUp++;
    });
    const block = Buffer.from(
      Array.from({ length: 20_000 }, (_, i) => `\x1b[3${i % 8}mline ${i}\x1b[m of a log\r\n`).join(''),
    );
    for (let i = 0; i < 20; i++) screen.write(block);
    const total = block.length * 20;
    expect(screen.backlog).toBe(total);
    const copy = await shown(screen, total);
    expect(copy.offset).toBe(total);
    await until(() => screen.backlog === 0 && caughtUp === 1, 'the end of the backlog');
    const original = new Emulator({ cols: 80, rows: 24 }, 1000);
    original.parse(block);
    original.parse(block);
    expect(stateOf(copy.core, 1000)).toEqual(stateOf(original.core, 1000));
    screen.dispose();
  });

  it('is full when all screens together have more waiting than may be, and it more than its share', async () => {
    const own = screenWorkers();
    const screens = Array.from({ length: 16 }, () => own.createScreen({ cols: 80, rows: 24 }, 1000));
    const [quiet, ...floods] = screens as [Screen, ...Screen[]];
    let woken = 0;
    for (const screen of floods) screen.onCaughtUp(() => woken++);
    quiet.write(Buffer.from('a prompt'));
    const line = Buffer.from(`${'x'.repeat(70)}\r\n`.repeat(15_000));
    while (floods.some((screen) => !screen.full)) for (const screen of floods) screen.write(line);
    const together = floods.reduce((sum, screen) => sum + screen.backlog, 0);
    expect(together).toBeGreaterThanOrEqual(LIMITS.screenBacklogs);
    expect(together).toBeLessThan(LIMITS.screenBacklogs + floods.length * line.length);
    expect(floods.every((screen) => screen.backlog < LIMITS.screenBacklog)).toBe(true);
    expect(quiet.full).toBe(false);
    await until(() => woken >= floods.length, 'room for every one');
    expect(floods.some((screen) => screen.full)).toBe(false);
    await own.stop();
  });

  it('serves many sessions at once, none behind the flood of another', async () => {
    const flood = workers.createScreen({ cols: 80, rows: 24 }, 1000);
    const block = Buffer.from('\x1b[H\x1b[2J some full screen repaint '.repeat(100_000));
    flood.write(block);
    const screens = Array.from({ length: 20 }, () => workers.createScreen({ cols: 80, rows: 24 }, 1000));
    screens.forEach((screen, i) => {
      screen.write(Buffer.from(`session ${i}`));
    });
    const snapshots = await Promise.all(screens.map((screen) => snapshotOf(screen, 9)));
    snapshots.forEach((s, i) => {
      expect(s?.screen).toContain(`session ${i}`);
    });
    expect(flood.backlog).toBeGreaterThan(0);
    for (const screen of [flood, ...screens]) screen.dispose();
  });

  it('answers queries in what was written while it was to answer, and in nothing else', async () => {
    const screen = workers.createScreen({ cols: 80, rows: 24 }, 100);
    let replies = '';
    screen.onReply((bytes) => {
      replies += Buffer.from(bytes).toString();
    });
    let written = 0;
    const write = (text: string) => {
      screen.write(Buffer.from(text));
      written += text.length;
    };
    write('ab\x1b[6n');
    screen.answer(false);
    write('cd\x1b[6n\x1b[c');
    screen.answer(true);
    write('ef\x1b[6n\x1b[c\x1b[>c\x1b[5n\x1b[?7$p');
    await snapshotOf(screen, written);
    const two = '\x1b[1;3R';
    const six = '\x1b[1;7R\x1b[?1;2c\x1b[>0;276;0c\x1b[0n\x1b[?7;1$y';
    await until(() => replies.length >= two.length + six.length, 'the replies');
    expect(replies).toBe(two + six);
    screen.dispose();
  });

  it('gives a snapshot up that never comes to its offset', { timeout: 20_000 }, async () => {
    const screen = workers.createScreen({ cols: 80, rows: 24 }, 100);
    screen.write(Buffer.from('short'));
    expect(await snapshotOf(screen, 1_000)).toBe(null);
    expect((await snapshotOf(screen, 5))?.offset).toBe(5);
    screen.dispose();
  });

  it('answers nothing when its thread dies, keeps nobody waiting, and the next session has another', async () => {
    const others = screenWorkers((reason) => failures.push(reason));
    const screen = others.createScreen({ cols: 80, rows: 24 }, 100);
    let caughtUp = false;
    screen.onCaughtUp(() => {
      caughtUp = true;
    });
    screen.write(Buffer.alloc(3_000_000, 'x'));
    const waiting = snapshotOf(screen, 9_000_000);
    await others.stop();
    expect(await waiting).toBe(null);
    expect(await snapshotOf(screen, 0)).toBe(null);
    expect(screen.backlog).toBe(0);
    expect(caughtUp).toBe(true);
    screen.write(Buffer.from('ignored'));
    screen.resize({ cols: 10, rows: 10 });
    screen.dispose();
    const next = others.createScreen({ cols: 80, rows: 24 }, 100);
    next.write(Buffer.from('next'));
    expect((await snapshotOf(next, 4))?.screen).toContain('next');
    await others.stop();
  });
});

/** Programs as people run them, with keys typed one after the other; the screen is compared after each. */
const PROGRAMS: [string, string, string[], string[]][] = [
  [
    'vim',
    'vim',
    ['-u', 'NONE', '-N'],
    ['ihello wörld 文字\x1b', ':set nu\r', ':syntax on\r', 'yy20p', ':split\r', ':q!\r:q!\r'],
  ],
  ['less', 'less', ['/etc/services'], [' ', ' ', '/tcp\r', 'G', 'q']],
  ['top', 'top', ['-d', '1'], ['c', '1', 'q']],
  [
    'a shell',
    'bash',
    ['--norc', '-i'],
    ['ls --color=always -la /etc\r', 'printf "\\e[5;10r\\e[6n"\r', 'seq 1 200\r', 'exit\r'],
  ],
];

describe('the output of real programs', () => {
  it.each(PROGRAMS)('%s is shown as it is', async (_, command, args, keys) => {
    const size = { cols: 100, rows: 30 };
    const screen = workers.createScreen(size, 1000);
    const original = new Emulator(size, 1000);
    let written = 0;
    let quietSince = performance.now();
    let ended = false;
    const env = { PATH: process.env.PATH ?? '', TERM: 'xterm-256color', LANG: 'C.UTF-8', HOME: '/nonexistent' };
    const terminal = spawnPty({ command, args, cwd: '/', env, size });
    const all: Uint8Array[] = [];
    terminal.onData((bytes) => {
      all.push(bytes.slice());
      screen.write(bytes);
      written += bytes.length;
      quietSince = performance.now();
    });
    terminal.onExit(() => {
      ended = true;
    });
    const quiet = () => until(() => ended || (written > 0 && performance.now() - quietSince > 120), 'quiet');
    await quiet();
    for (const key of keys) {
      terminal.write(Buffer.from(key));
      quietSince = performance.now();
      await quiet();
      const copy = await shown(screen, 0);
      // Everything up to the offset that the snapshot names, parsed in one go.
      const bytes = Buffer.concat(all).subarray(original.offset, copy.offset);
      original.parse(bytes);
      const above = original.core.buffers.normal.ybase;
      expect(stateOf(copy.core, above)).toEqual(stateOf(original.core, above));
    }
    // A program throws away what was typed before it has read the terminal's settings, the key that ends it, too.
    let typed = performance.now();
    await until(() => {
      if (!ended && performance.now() - typed > 2_000) {
        typed = performance.now();
        terminal.write(Buffer.from(keys.at(-1) as string));
      }
      return ended;
    }, 'the end');
    screen.dispose();
  });
});
