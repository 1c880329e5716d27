// How floods share what is read in a row.
import { beforeEach, expect, it } from 'vitest';
import { ALL_SHARES, LARGEST_SHARE, Shares } from './shares.ts';

let now: number;
let shares: Shares;
beforeEach(() => {
  now = 1_000;
  shares = new Shares(() => now);
});

const floods = (count: number) => Array.from({ length: count }, (_, n) => 1_000 + n);

it('one alone has the largest share, however often it reads', () => {
  const [one] = floods(1) as [number];
  for (let i = 0; i < 1_000; i++, now += 0.3) expect(shares.of(one)).toBe(LARGEST_SHARE);
});

it('many have equal shares, that together are no more than all may have', () => {
  const many = floods(10);
  for (let turn = 0; turn < 20; turn++, now += 3) for (const one of many) shares.of(one);
  for (let turn = 0; turn < 20; turn++, now += 3) {
    for (const one of many) expect(shares.of(one)).toBe(ALL_SHARES / many.length);
  }
});

it('who has stopped has no share any more', () => {
  const many = floods(10);
  const [one] = many as [number];
  for (let turn = 0; turn < 20; turn++, now += 3) for (const each of many) shares.of(each);
  for (let turn = 0; turn < 10; turn++, now += 3) shares.of(one);
  expect(shares.of(one)).toBe(LARGEST_SHARE);
});

it('after a pause nobody is counted who read before it', () => {
  const many = floods(10);
  for (let turn = 0; turn < 20; turn++, now += 3) for (const each of many) shares.of(each);
  now += 60_000;
  expect(shares.of(many[0] as number)).toBe(LARGEST_SHARE);
});
