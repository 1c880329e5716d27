// A terminal painted by a snapshot is the terminal that the snapshot was taken of: what it shows, and what it does next.
import { wholeCharacters } from '@hermit/protocol';
import { seeded } from '@hermit/transport';
import { describe, expect, it } from 'vitest';
import { Emulator } from './emulator.ts';
import { babble, stateOf } from './testing.ts';

/** HERMIT_SEED=n repeats one seed; HERMIT_SEEDS=n runs that many. */
const FIRST = Number(process.env.HERMIT_SEED ?? 1);
const SEEDS = Number(process.env.HERMIT_SEEDS ?? (process.env.HERMIT_SEED ? 1 : 60));
const seeds = Array.from({ length: SEEDS }, (_, i) => FIRST + i);
const SCROLLBACK = 60;

function emulator(cols: number, rows: number, ...texts: (string | Uint8Array)[]): Emulator {
  const e = new Emulator({ cols, rows }, SCROLLBACK);
  for (const text of texts) e.parse(typeof text === 'string' ? Buffer.from(text) : text);
  return e;
}

function drawn(seed: number) {
  const random = seeded(seed);
  const cols = 3 + Math.floor(random() * 30);
  const rows = 1 + Math.floor(random() * 12);
  return { random, cols, rows, text: babble(random, 200 + random() * 3000, cols, rows) };
}

describe('a terminal painted by a snapshot', () => {
  it.each(seeds)('equals the original and goes on as it does, seed %i', (seed) => {
    const { random, cols, rows, text } = drawn(seed);
    const original = emulator(cols, rows, text);
    const { scrollback, screen } = original.snapshot();
    const copy = emulator(cols, rows, scrollback, screen);
    const above = original.core.buffers.normal.ybase;
    expect(copy.core.buffers.normal.ybase).toBe(above);
    expect(stateOf(copy.core, above)).toEqual(stateOf(original.core, above));
    const more = Buffer.from(babble(random, 1000, cols, rows));
    original.parse(more);
    copy.parse(more);
    expect(stateOf(copy.core, 0, false)).toEqual(stateOf(original.core, 0, false));
  });

  it.each(seeds)('goes on with a sequence that the snapshot fell into, seed %i', (seed) => {
    const { random, cols, rows, text } = drawn(seed);
    const whole = Buffer.from(text);
    const at = wholeCharacters(whole.subarray(0, Math.floor(random() * whole.length)));
    const original = emulator(cols, rows, whole.subarray(0, at));
    const { scrollback, screen } = original.snapshot();
    const copy = emulator(cols, rows, scrollback, screen);
    original.parse(whole.subarray(at));
    copy.parse(whole.subarray(at));
    expect(stateOf(copy.core, 0, false)).toEqual(stateOf(original.core, 0, false));
  });

  it.each(seeds)('may be in use: only its screen changes, seed %i', (seed) => {
    const { random, cols, rows, text } = drawn(seed);
    const original = emulator(cols, rows, '\x1b]2;a title\x07', text);
    // Tab stops are put back only where the snapshot has others: a real terminal may be wider than the session.
    const before = babble(random, 1500, cols, rows).replace(/\x1bH|\x1b\[3?g/g, '');
    const copy = emulator(cols, rows, before.slice(0, Math.floor(random() * before.length)));
    const { normal } = copy.core.buffers;
    const above = normal.ybase;
    const kept = stateOf(copy.core, above, false).normal.lines.slice(0, above);
    copy.parse(Buffer.from(original.snapshot().screen));
    expect(stateOf(copy.core, 0, false)).toEqual(stateOf(original.core, 0, false));
    expect(normal.ybase).toBe(above);
    expect(stateOf(copy.core, above, false).normal.lines.slice(0, above)).toEqual(kept);
  });

  it.each(seeds)('changes its size as the original does, seed %i', (seed) => {
    const { random, cols, text } = drawn(seed);
    const rows = 4 + Math.floor(random() * 8);
    // A tab stop that was set past the last column counts once there are more columns: nothing can set it there again.
    const original = emulator(cols, rows, text.replaceAll('\x1bH', ''));
    const { scrollback, screen } = original.snapshot();
    const copy = emulator(cols, rows, scrollback, screen);
    const size = { cols: cols + Math.floor(random() * 9) - 4 || 3, rows: rows + Math.floor(random() * 5) - 2 };
    for (const e of [original, copy]) e.resize({ cols: Math.max(size.cols, 3), rows: size.rows });
    const [a, b] = [stateOf(copy.core, 0, false), stateOf(original.core, 0, false)];
    // Where the cursor was saved counts from the oldest line, also where that has gone; only DECRC would tell.
    for (const { normal } of [a, b]) Object.assign(normal.saved, { x: 0, y: 0 });
    expect(a).toEqual(b);
  });
});

describe('a snapshot', () => {
  it('holds no more scrollback than it may, and the newest lines', () => {
    const e = new Emulator({ cols: 20, rows: 5 }, 30);
    e.parse(Buffer.from(Array.from({ length: 200 }, (_, i) => `line ${i}`).join('\r\n')));
    const { scrollback } = e.snapshot();
    expect(scrollback).toContain('line 165\r\n');
    expect(scrollback).not.toContain('line 164');
    expect(scrollback).toContain('line 194');
    expect(scrollback).not.toContain('line 195');
  });

  it('names the title, the size and the offset', () => {
    const e = emulator(20, 5, '\x1b]0;vim é\x07', 'text');
    expect(e.snapshot()).toMatchObject({ title: 'vim é', size: { cols: 20, rows: 5 }, offset: 15 });
  });

  it('asks nothing: no terminal answers to it', () => {
    const e = emulator(20, 5, 'x\x1b[c\x1b[6n\x1b]10;?\x07\x1bP$qm\x1b\\');
    const copy = emulator(20, 5);
    let answers = '';
    copy.onReply((text) => {
      answers += text;
    });
    const { scrollback, screen } = e.snapshot();
    copy.parse(Buffer.from(scrollback + screen));
    expect(answers).toBe('');
  });
});

describe('the emulator', () => {
  it('survives erasing up to the last cell of the screen', () => {
    const e = emulator(4, 2, 'abcdefgh\x1b[1J!');
    expect(stateOf(e.core, 0).normal.lines.map((l) => l.cells.join('').includes('a'))).toEqual([false, false]);
  });
});
