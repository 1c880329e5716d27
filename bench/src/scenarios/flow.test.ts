// When a flow that had stopped goes on.
import { expect, test } from 'vitest';
import { flowsAgainAt } from './flow.ts';

test('the first arrival after the release ends the standstill', () => {
  expect(
    flowsAgainAt(
      [
        [0, 1],
        [10, 2],
        [5_030, 3],
        [5_040, 4],
      ],
      5_000,
    ),
  ).toBe(5_030);
});

test('what was buffered on the way does not hide a second silence', () => {
  expect(
    flowsAgainAt(
      [
        [0, 1],
        [5_001, 2],
        [5_010, 3],
        [5_900, 4],
        [5_910, 5],
      ],
      5_000,
    ),
  ).toBe(5_900);
});

test('a flow that never stopped goes on with its next byte', () => {
  expect(
    flowsAgainAt(
      [
        [4_990, 1],
        [5_010, 2],
        [5_020, 3],
      ],
      5_000,
    ),
  ).toBe(5_010);
});

test('nothing after the release is no flow', () => {
  expect(flowsAgainAt([[0, 1]], 5_000)).toBeUndefined();
  expect(flowsAgainAt([], 5_000)).toBeUndefined();
});
