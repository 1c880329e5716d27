// How long to wait before the next try: bounds that double, jitter over all of them, and a fresh start.
import { expect, it } from 'vitest';
import { Backoff } from './backoff.ts';

it('doubles its bound up to the greatest, and starts again when it is reset', () => {
  const backoff = new Backoff(() => 0.5, 100, 1_000);
  const waits = () => Array.from({ length: 6 }, () => backoff.next());
  expect(waits()).toEqual([50, 100, 200, 400, 500, 500]);
  backoff.reset();
  expect(waits().slice(0, 3)).toEqual([50, 100, 200]);
});

it('draws from nothing up to the bound', () => {
  const draws = [0, 0.999, 0.25];
  const backoff = new Backoff(() => draws.shift() as number, 100, 1_000);
  expect([backoff.next(), backoff.next(), backoff.next()]).toEqual([0, 0.999 * 200, 100]);
});

it('stays at its bound however often it fails', () => {
  const backoff = new Backoff(() => 1, 250, 15_000);
  for (let i = 0; i < 5_000; i++) backoff.next();
  expect(backoff.next()).toBe(15_000);
});
