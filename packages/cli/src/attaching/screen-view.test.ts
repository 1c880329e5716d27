// What a view paints, on a terminal emulator.
import { HermitError, type Size } from '@hermit/protocol';
import headless from '@xterm/headless';
import { describe, expect, it } from 'vitest';
import { ScreenView } from './screen-view.ts';

function terminal(size: Size = { cols: 40, rows: 6 }) {
  const term = new headless.Terminal({ ...size, scrollback: 1000, allowProposedApi: true });
  const told: string[] = [];
  const view = new ScreenView({
    write: (data, done) => term.write(data, done),
    size: () => size,
    state: (state) => told.push(state),
    resized: () => told.push('resized'),
    differs: (a, b) => told.push(`${a.cols}x${a.rows} on ${b.cols}x${b.rows}`),
    ended: () => told.push('ended'),
    refused: (error) => told.push(error.code),
    closed: (error) => told.push(error.code),
    inputRoom: () => {},
  });
  const written = (data: string) => new Promise<void>((resolve) => term.write(data, resolve));
  const paint = (scrollback: string, screen: string, repaint: boolean) =>
    new Promise<void>((resolve) => view.snapshot({ scrollback, screen, repaint }, resolve));
  const lines = () => {
    const buffer = term.buffer.active;
    return Array.from({ length: buffer.length }, (_, i) => buffer.getLine(i)?.translateToString(true) ?? '');
  };
  const screen = () => lines().slice(-size.rows);
  const above = () => lines().slice(0, -size.rows);
  return { term, view, told, written, paint, screen, above };
}

describe('the first painting', () => {
  it('leaves what was on the terminal above the scrollback, without a gap', async () => {
    const { written, paint, screen, above } = terminal();
    await written('$ ls\r\na b c\r\n$ hermit attach\r\nAttached.\r\n');
    await paint('one\r\ntwo\r\nthree', 'top\r\nnext', false);
    expect(screen()).toEqual(['top', 'next', '', '', '', '']);
    expect(above()).toEqual(['$ ls', 'a b c', '$ hermit attach', 'Attached.', 'one', 'two', 'three']);
  });

  it('does so wherever the cursor is, and however long the scrollback', async () => {
    for (const typed of [0, 3, 6, 20]) {
      for (const length of [0, 1, 5, 6, 50]) {
        const { written, paint, screen, above } = terminal();
        const before = Array.from({ length: typed }, (_, i) => `before ${i}`);
        const scrollback = Array.from({ length }, (_, i) => `line ${i}`);
        await written(before.map((line) => `${line}\r\n`).join(''));
        await paint(scrollback.join('\r\n'), 'screen', false);
        expect(screen()).toEqual(['screen', '', '', '', '', '']);
        expect(above().filter((line) => line !== '')).toEqual([...before, ...scrollback]);
        expect(above().slice(0, typed + length)).toEqual([...before, ...scrollback]);
      }
    }
  });

  it('begins on a reset terminal', async () => {
    const { term, written, paint, screen } = terminal();
    await written('\x1b[?1049h\x1b[?1000h\x1b[?2004h\x1b[2;4r\x1b[?6h\x1b[4h\x1b[31;7m\x1b(0');
    await paint('', 'qqq', false);
    expect(screen()[0]).toBe('qqq');
    expect(term.buffer.active.type).toBe('normal');
    expect(term.modes).toMatchObject({
      mouseTrackingMode: 'none',
      bracketedPasteMode: false,
      originMode: false,
      insertMode: false,
    });
    expect(term.buffer.active.getLine(term.buffer.active.baseY)?.getCell(0)?.isInverse()).toBe(0);
  });
});

describe('a later painting', () => {
  it('replaces the screen, and adds nothing above', async () => {
    const { paint, screen, above, view } = terminal();
    await paint('old', 'first', false);
    const kept = above();
    await new Promise<void>((resolve) => view.data(Buffer.from(' and more'), resolve));
    await paint('other scrollback', 'again', true);
    expect(screen()).toEqual(['again', '', '', '', '', '']);
    expect(above()).toEqual(kept);
  });
});

it('lays a line over the last row and leaves the cursor where it was', async () => {
  const { term, view, written, screen } = terminal();
  await written('hello');
  view.overlay('connection lost; reconnecting in 3 s and so on and so forth\x1b[2J');
  await written('!');
  expect(screen()[0]).toBe('hello!');
  expect(screen()[5]).toContain(' hermit: connection lost; reconnecting');
  expect(screen()[5]?.endsWith('…')).toBe(true);
  expect(term.buffer.active.cursorY).toBe(0);
});

it('lays words into the upper right corner, and leaves what the program painted left of them', async () => {
  const { term, view, written, screen } = terminal();
  await written('$ ');
  view.corner('Ctrl-] detaches');
  await written('ls');
  expect(screen()[0]?.trimEnd()).toBe('$ ls           hermit: Ctrl-] detaches');
  expect(term.buffer.active.cursorX).toBe(4);
  view.corner('x'.repeat(100));
  await written('');
  expect(screen().slice(1)).toEqual(['', '', '', '', '']);
});

it('says once that the session has another size, and only when it is asked to compare', () => {
  const { view, told } = terminal();
  view.resized({ cols: 80, rows: 24 });
  view.resized({ cols: 40, rows: 6 });
  view.compare();
  expect(told).toEqual(['resized', 'resized']);
  for (const cols of [80, 81]) {
    view.resized({ cols, rows: 24 });
    view.compare();
  }
  view.closed(new HermitError('FORBIDDEN'));
  expect(told.slice(2)).toEqual(['resized', '80x24 on 40x6', 'resized', 'FORBIDDEN']);
});
