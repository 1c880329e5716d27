// A terminal painted by a snapshot is the terminal that the snapshot was taken of: what it shows, and what it does next.
import { seeded } from '@hermit/transport';
import { describe, expect, it } from 'vitest';
import { Emulator } from './screen-emulator.ts';
import { babble, stateOf } from './screen-testing.ts';

const SEEDS = Number(process.env.HERMIT_SEEDS ?? 150);
const FIRST = Number(process.env.HERMIT_SEED ?? 1);
const SCROLLBACK = 60;

const bytes = (text: string) => Buffer.from(text);

function emulator(cols: number, rows: number, ...texts: string[]): Emulator {
  const e = new Emulator({ cols, rows }, SCROLLBACK);
  for (const text of texts) e.parse(bytes(text));
  return e;
}

function sized(seed: number) {
  const random = seeded(seed);
  const cols = 3 + Math.floor(random() * 30);
  const rows = 1 + Math.floor(random() * 12);
  return { random, cols, rows };
}

describe('a fresh terminal painted by a snapshot', () => {
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    it(`equals the original and goes on as it does, seed ${seed}`, () => {
      const { random, cols, rows } = sized(seed);
      const original = emulator(cols, rows, babble(random, 200 + random() * 3000, cols, rows));
      const { scrollback, screen } = original.snapshot();
      const copy = emulator(cols, rows, scrollback + screen);
      const above = original.core.buffers.normal.ybase;
      expect(copy.core.buffers.normal.ybase).toBe(above);
      expect(stateOf(copy.core, above)).toEqual(stateOf(original.core, above));
      const more = babble(random, 1000, cols, rows);
      original.parse(bytes(more));
      copy.parse(bytes(more));
      expect(stateOf(copy.core, 0, false)).toEqual(stateOf(original.core, 0, false));
    });
  }
});
