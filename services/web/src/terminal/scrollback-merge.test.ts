// A repaint keeps the terminal's own scrollback, adds what it missed, and shows nothing twice. On a real emulator.
import headless from '@xterm/headless';
import type { Terminal } from '@xterm/xterm';
import { expect, test } from 'vitest';
import { scrollbackToAdd } from './scrollback-merge.ts';

const COLS = 40;
const ROWS = 6;
const lines = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i}`);

/** As an agent paints it: text of the lines above the screen, and of the screen. */
function snapshotOf(all: readonly string[]) {
  const above = all.slice(0, -ROWS);
  const push = `\x1b[m\x1b]8;;\x1b\\\x1b[${ROWS}H${'\n'.repeat(Math.min(above.length, ROWS - 1))}`;
  const screen = all.slice(-ROWS).map((text, row) => `\x1b[${row + 1}H${text}`);
  return {
    scrollback: above.length === 0 ? '' : above.join('\r\n') + push,
    screen: `\x18\x1b[?1049l\x1b[!p\x1b[m\x1b[r\x1b[H\x1b[J${screen.join('')}`,
  };
}

async function repainted(before: string, snapshot: ReturnType<typeof snapshotOf>): Promise<string[]> {
  const term = new headless.Terminal({ cols: COLS, rows: ROWS, scrollback: 10_000, allowProposedApi: true });
  const write = (text: string) => new Promise<void>((done) => term.write(text, done));
  await write(before);
  await write(scrollbackToAdd(term as unknown as Terminal, snapshot.scrollback));
  await write(snapshot.screen);
  const { normal } = term.buffer;
  return Array.from({ length: normal.length }, (_, row) => normal.getLine(row)?.translateToString(true) ?? '');
}

test('of the same screen changes nothing', async () => {
  const all = lines(1, 50);
  expect(await repainted(all.join('\r\n'), snapshotOf(all))).toEqual(all);
});

test('after a gap that the snapshot spans has every line once', async () => {
  expect(await repainted(lines(1, 50).join('\r\n'), snapshotOf(lines(20, 90)))).toEqual(lines(1, 90));
});

test.each([51, 53, 55, 56, 57, 62])('after a gap up to line %i has every line once', async (end) => {
  expect(await repainted(lines(1, 50).join('\r\n'), snapshotOf(lines(1, end)))).toEqual(lines(1, end));
});

test('keeps more of its own than the snapshot knows', async () => {
  const own = lines(1, 3_000);
  expect(await repainted(own.join('\r\n'), snapshotOf(lines(2_900, 3_100)))).toEqual(lines(1, 3_100));
});

test('after a gap that the snapshot does not span keeps both ends, and says that something is missing', async () => {
  const shown = await repainted(lines(1, 50).join('\r\n'), snapshotOf(lines(500, 600)));
  expect(shown).toEqual([...lines(1, 50), '⋯ output was skipped here ⋯', ...lines(500, 600)]);
});

test('knows coloured and half-written lines again', async () => {
  const coloured = lines(1, 40).map((text) => `\x1b[1;32m${text}\x1b[m`);
  const before = `${lines(1, 29).join('\r\n')}\r\nline 3`;
  expect(await repainted(before, snapshotOf(coloured))).toEqual(lines(1, 40));
});

test('knows wrapped lines again', async () => {
  const long = lines(1, 30).map((text) => `${text} ${'x'.repeat(60)}`);
  const snapshot = snapshotOf(long);
  const shown = await repainted(long.slice(0, 20).join('\r\n'), { ...snapshot, screen: '\x1b[H\x1b[J' });
  expect(shown.filter((text) => text.startsWith('line '))).toEqual(
    long.slice(0, 24).map((text) => text.slice(0, COLS)),
  );
});

test('out of a full-screen program finds the lines below it', async () => {
  const before = `${lines(1, 20).join('\r\n')}\x1b[?1049h\x1b[2J\x1b[Hvim`;
  expect(await repainted(before, snapshotOf(lines(1, 60)))).toEqual(lines(1, 60));
});

test('on an empty terminal is the snapshot alone', async () => {
  expect(await repainted('', snapshotOf(lines(1, 30)))).toEqual(lines(1, 30));
});
