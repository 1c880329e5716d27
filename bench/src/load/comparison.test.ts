// The comparison that decides whether an answer is right.
import { expect, test } from 'vitest';
import { corpusBytes } from '../programs/corpus.ts';
import { Comparison } from './comparison.ts';
import { seeded } from './seeded.ts';

const SEED = 20260102;
const content = corpusBytes(10_000, SEED);
const twice = Buffer.concat([content, content]);

/** Takes `bytes` in chunks of random sizes. */
function taken(bytes: Buffer): Comparison {
  const random = seeded(SEED);
  const comparison = new Comparison(content);
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + 1 + Math.floor(random() * 3_000));
    comparison.take(bytes.subarray(at, end));
    at = end;
  }
  return comparison;
}

test('content that is repeated is right, however it is cut', () => {
  expect(taken(twice)).toMatchObject({ bytes: 20_000, firstWrongAt: -1 });
});

test('a chunk may be longer than the content', () => {
  const comparison = new Comparison(Buffer.from('abc'));
  comparison.take(Buffer.from('abcabcabca'));
  expect(comparison.firstWrongAt).toBe(-1);
  comparison.take(Buffer.from('a'));
  expect(comparison.firstWrongAt).toBe(10);
});

test('one changed, lost or doubled byte is found, with the chunk that it is in', () => {
  const changed = Buffer.from(twice);
  changed[15_000] = (changed[15_000] ?? 0) ^ 1;
  const lost = Buffer.concat([twice.subarray(0, 12_345), twice.subarray(12_346)]);
  const doubled = Buffer.concat([twice.subarray(0, 500), twice.subarray(499)]);
  for (const [wrong, at] of [
    [changed, 15_000],
    [lost, 12_345],
    [doubled, 500],
  ] as const) {
    const { firstWrongAt } = taken(wrong);
    expect(firstWrongAt).toBeGreaterThan(-1);
    expect(firstWrongAt).toBeLessThanOrEqual(at + 3_000);
  }
});

test('the corpus is the same for the same seed, printable, and of the size that was asked for', () => {
  expect(corpusBytes(10_000, SEED).equals(content)).toBe(true);
  expect(corpusBytes(10_000, SEED + 1).equals(content)).toBe(false);
  expect(content.length).toBe(10_000);
  expect(/^[\x1b\r\n\x20-\x7e]*$/.test(content.toString('latin1'))).toBe(true);
});
