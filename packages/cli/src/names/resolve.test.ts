// What people type for machines and sessions.
import { describe, expect, it } from 'vitest';
import type { Failure } from '../failure.ts';
import { closest, editDistance } from './closest.ts';
import { resolve } from './resolve.ts';
import { word } from './word.ts';

const items = [
  { id: 'aed7525d-afd2-47e8-8184-27e37ef7532e', name: 'buildbox', rank: 0 },
  { id: 'aed75999-0000-4000-8000-000000000000', name: 'Laptop', rank: 0 },
  { id: 'bffdfdfa-b1b0-45a1-877b-be3a4a8fcfdc', name: 'work', rank: 0 },
  { id: 'c0ffee00-b1b0-45a1-877b-be3a4a8fcfdc', name: 'work', rank: 1 },
  { id: 'd0000000-b1b0-45a1-877b-be3a4a8fcfdc', name: 'twin', rank: 1 },
  { id: 'd1000000-b1b0-45a1-877b-be3a4a8fcfdc', name: 'twin', rank: 1 },
  { id: 'e0000000-b1b0-45a1-877b-be3a4a8fcfdc', name: 'bffdf', rank: 0 },
];
const found = (given: string) => resolve('machine', given, items, (item) => item.rank).id.slice(0, 8);
function failure(given: string): Failure {
  try {
    found(given);
  } catch (error) {
    return error as Failure;
  }
  throw new Error(`"${given}" was found`);
}

it.each([
  ['buildbox', 'aed7525d'],
  ['BUILDBOX', 'aed7525d'],
  ['laptop', 'aed75999'],
  ['aed7525d-afd2-47e8-8184-27e37ef7532e', 'aed7525d'],
  ['AED752', 'aed7525d'],
  ['bffdfdf', 'bffdfdfa'],
  ['bffdf', 'e0000000'], // a name goes before the beginning of an id
  ['work', 'c0ffee00'], // the one of higher rank
])('%s is %s', (given, id) => {
  expect(found(given)).toBe(id);
});

describe('what is not found', () => {
  it('is explained, with what may have been meant', () => {
    expect(failure('buildbx')).toMatchObject({ exitCode: 4, hint: 'Did you mean "buildbox"?' });
    expect(failure('biuldbox')).toMatchObject({ hint: 'Did you mean "buildbox"?' });
    expect(failure('build')).toMatchObject({ hint: 'Did you mean "buildbox"?' });
    expect(failure('zzz').hint).toContain('There are "buildbox", "Laptop", "work"');
  });
  it('is said plainly when there is nothing', () => {
    expect(() => resolve('session', 'x', [])).toThrow('There is no session "x".');
  });
  it('lists the ids of what fits several', () => {
    expect(failure('twin').hint).toContain('d0000000-b1b0-45a1-877b-be3a4a8fcfdc  twin');
    expect(failure('aed75').message).toBe('"aed75" fits 2 machines.');
    expect(failure('ae').exitCode).toBe(4); // too short for the beginning of an id
  });
  it('does not steer the terminal', () => {
    expect(failure('\x1b[2Jx').message).not.toContain('\x1b');
    const evil = [{ id: 'a', name: '\x1b]0;evil\x07' }];
    expect(() => resolve('machine', 'x', evil)).toThrow();
    try {
      resolve('machine', 'x', evil);
    } catch (error) {
      expect((error as Failure).hint).not.toContain('\x1b');
    }
  });
});

it('measures how far apart words are', () => {
  expect(editDistance('kitten', 'sitting')).toBe(3);
  expect(editDistance('ab', 'ba')).toBe(1);
  expect(editDistance('', 'abc')).toBe(3);
  expect(closest('sesions', ['sessions', 'session', 'attach'])).toEqual(['sessions', 'session']);
  expect(closest('x', ['attach'])).toEqual([]);
});

it('quotes a name for a shell', () => {
  expect(word('build-box.1')).toBe('build-box.1');
  expect(word("ann's box")).toBe(`'ann'\\''s box'`);
  expect(word('')).toBe("''");
});
