import { HEADER, LIMITS } from '@hermit/protocol';
import { expect, it } from 'vitest';
import { FramePool, POOLED_FROM } from './frame-pool.ts';

it('gives large frames the memory of those that have left, each to one', () => {
  const pool = new FramePool();
  const largest = LIMITS.frame + Math.max(...HEADER);
  const [first, second] = [pool.take(POOLED_FROM), pool.take(largest)];
  expect([first.length, second.length]).toEqual([POOLED_FROM, largest]);
  expect(first.buffer).not.toBe(second.buffer);
  pool.giveBack(first);
  const [third, fourth] = [pool.take(largest), pool.take(largest)];
  expect(third.buffer).toBe(first.buffer);
  expect([first.buffer, second.buffer]).not.toContain(fourth.buffer);
});

it('keeps neither little ones nor more than a few', () => {
  const pool = new FramePool();
  const little = pool.take(POOLED_FROM - 1);
  pool.giveBack(little);
  expect(pool.take(POOLED_FROM - 1).buffer).not.toBe(little.buffer);
  const many = Array.from({ length: 20 }, () => pool.take(POOLED_FROM));
  for (const frame of many) pool.giveBack(frame);
  const before = new Set(many.map(({ buffer }) => buffer));
  const again = many.map(() => pool.take(POOLED_FROM).buffer).filter((buffer) => before.has(buffer));
  expect(again).toHaveLength(8);
});
