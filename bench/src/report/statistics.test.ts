// The report's statistics, against values worked out by hand.
import { expect, test } from 'vitest';
import { median, percentile, ratio, spread } from './statistics.ts';

test('a percentile is the nearest rank of the sorted samples', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  expect([50, 95, 99, 100].map((percent) => percentile(hundred, percent))).toEqual([50, 95, 99, 100]);
  expect(percentile([3, 8], 50)).toBe(3);
  expect(percentile([3, 8], 51)).toBe(8);
  expect(percentile([7], 1)).toBe(7);
  expect(percentile([], 50)).toBeNaN();
});

test('a median does not depend on the order of its values, and leaves them as they are', () => {
  const values = [9, 1, 5];
  expect(median(values)).toBe(5);
  expect(values).toEqual([9, 1, 5]);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test('a spread names the extremes beside the median', () => {
  expect(spread([2, 40, 3])).toEqual({ min: 2, median: 3, max: 40 });
});

test('a ratio pairs the rounds, so that drift which hits both cancels out', () => {
  // The machine became three times slower in the middle of the run.
  expect(ratio([2, 6, 6], [1, 3, 3])).toBe(2);
  expect(ratio([1, 10, 10, 10], [1, 1, 10, 10])).toBe(1);
});

test('a round without a figure leaves its neighbour out, and the others paired', () => {
  expect(ratio([2, Number.NaN, 60, 8], [1, 3, 30, 4])).toBe(2);
  expect(ratio([Number.NaN, 6], [1, Number.NaN])).toBe(6);
});

test('a ratio of different numbers of rounds is one of medians', () => {
  expect(ratio([2, 4, 6], [2])).toBe(2);
  expect(ratio([1], [])).toBeNaN();
});
