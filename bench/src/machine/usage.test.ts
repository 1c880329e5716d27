// What is read from /proc.
import { expect, test } from 'vitest';
import { parseRssBytes, parseStatSeconds } from './usage.ts';

test('CPU seconds are found behind a name with blanks and parentheses', () => {
  const stat = '42 (a (b) c) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 7 9 20 0 11 0 1000 1 1';
  expect(parseStatSeconds(stat)).toBe(3);
});

test('resident memory is in bytes, and nothing for a process that has none', () => {
  expect(parseRssBytes('Name:\tnode\nVmHWM:\t 9999 kB\nVmRSS:\t   1024 kB\nThreads:\t11\n')).toBe(2 ** 20);
  expect(parseRssBytes('Name:\tkthread\n')).toBe(0);
});
