// A bucket gives out its burst, then its rate, and never more than its burst at once.
import { expect, it } from 'vitest';
import { Bucket } from './bucket.ts';

const taken = (bucket: Bucket, now: number, tries: number) =>
  Array.from({ length: tries }, () => bucket.take(now)).filter((ok) => ok).length;

it('gives its burst at once, then so many each second', () => {
  const bucket = new Bucket({ burst: 10, perSecond: 5 });
  expect(taken(bucket, 1_000, 20)).toBe(10);
  expect(taken(bucket, 1_199, 20)).toBe(0);
  expect(taken(bucket, 1_200, 20)).toBe(1);
  expect(taken(bucket, 2_200, 20)).toBe(5);
});

it('saves up no more than its burst', () => {
  const bucket = new Bucket({ burst: 10, perSecond: 5 });
  expect(taken(bucket, 1_000_000, 20)).toBe(10);
});

it('takes what something costs, or nothing', () => {
  const bucket = new Bucket({ burst: 10, perSecond: 5 });
  expect(bucket.take(0, 8)).toBe(true);
  expect(bucket.take(0, 3)).toBe(false);
  expect(bucket.take(0, 2)).toBe(true);
});
