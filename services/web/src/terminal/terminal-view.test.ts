// What is painted is what was sent, wherever it was cut and whatever was erased. On a real emulator.
import headless from '@xterm/headless';
import type { Terminal } from '@xterm/xterm';
import { expect, test } from 'vitest';
import { guardErase } from './erase-guard.ts';
import { TerminalView } from './terminal-view.ts';

const COLS = 20;
const ROWS = 3;
const nothing = () => undefined;
const events = {
  state: nothing,
  status: nothing,
  ended: nothing,
  refused: nothing,
  closed: nothing,
  resized: nothing,
  inputRoom: nothing,
};

function open() {
  const term = new headless.Terminal({ cols: COLS, rows: ROWS, scrollback: 100, allowProposedApi: true });
  guardErase(term as unknown as Terminal);
  const view = new TerminalView(term as unknown as Terminal, events);
  const paint = (bytes: Uint8Array) => new Promise<void>((done) => view.data(bytes, done));
  const row = (at: number) => term.buffer.active.getLine(at)?.translateToString(true);
  return { view, paint, row };
}

test('a character that comes in two parts is painted, wherever it was cut', async () => {
  // Each has a continuation byte 0x80, which the decoder takes for none when it is the last of a part.
  const text = 'à – 下 🀀';
  const bytes = new TextEncoder().encode(text);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const { paint, row } = open();
    await paint(bytes.subarray(0, cut));
    await paint(bytes.subarray(cut));
    expect(row(0), `cut after ${cut} bytes`).toBe(text);
  }
});

test('byte by byte, every part is acknowledged', async () => {
  const { paint, row } = open();
  for (const byte of new TextEncoder().encode('€ 🀀')) await paint(Uint8Array.of(byte));
  expect(row(0)).toBe('€ 🀀');
});

test('a picture of the screen ends what was begun before it', async () => {
  const { view, paint, row } = open();
  await paint(new TextEncoder().encode('–').subarray(0, 2));
  await new Promise<void>((done) => view.snapshot({ scrollback: '', screen: 'anew', repaint: false }, done));
  await paint(new TextEncoder().encode('!'));
  expect(row(0)).toBe('anew!');
});

test.each(['\x1b[1J', '\x1b[?1J'])('a program may erase up to the last cell: %j', async (erase) => {
  const { paint, row } = open();
  const bytes = (text: string) => new TextEncoder().encode(text);
  await paint(bytes(`\x1b[?1049h${'x'.repeat(COLS * ROWS)}${erase}`));
  await paint(bytes('\x1b[Hstill here'));
  expect([row(0), row(1), row(2)]).toEqual(['still here', '', '']);
});
