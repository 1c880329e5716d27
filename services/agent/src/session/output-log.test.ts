// History: what is kept for everybody, and what is kept longer for a reader of every byte.
import { expect, test } from 'vitest';
import { BLOCK, HistoryBudget, OutputLog } from './output-log.ts';

const SIZE = { cols: 80, rows: 24 };

function log(needed: () => number, budget = new HistoryBudget(1e9)): OutputLog {
  return new OutputLog(SIZE, { limit: 2 * BLOCK, extended: 8 * BLOCK, needed }, budget);
}

/** Byte `n` of the stream is n % 251, a prime, so that no block looks like another. */
function print(to: OutputLog, bytes: number): void {
  const from = to.end;
  to.append(Uint8Array.from({ length: bytes }, (_, i) => (from + i) % 251));
}

test('keeps the limit when nobody is behind', () => {
  const kept = log(() => Number.POSITIVE_INFINITY);
  print(kept, 10 * BLOCK + 7);
  expect(kept.end - kept.base).toBe(2 * BLOCK);
  expect(kept.held).toBeLessThanOrEqual(4 * BLOCK);
});

test('keeps more for a reader who is behind, up to the extended bound, and gives it back', () => {
  let reader = 100;
  const kept = log(() => reader);
  print(kept, 5 * BLOCK);
  expect(kept.base).toBe(100);
  const copy = new Uint8Array(3 * BLOCK);
  kept.copy(100, copy.length, copy, 0);
  expect(copy.every((byte, i) => byte === (100 + i) % 251)).toBe(true);
  print(kept, 5 * BLOCK);
  expect(kept.end - kept.base).toBe(8 * BLOCK);
  reader = kept.end;
  print(kept, 1);
  expect(kept.end - kept.base).toBe(2 * BLOCK);
  expect(kept.held).toBeLessThanOrEqual(4 * BLOCK);
});

test('takes back what was kept for a reader when the sessions together hold too much', () => {
  const budget = new HistoryBudget(6 * BLOCK);
  const kept = log(() => 0, budget);
  print(kept, 8 * BLOCK);
  expect(kept.held).toBeLessThanOrEqual(6 * BLOCK);
  expect(kept.base).toBeGreaterThan(0);
});
