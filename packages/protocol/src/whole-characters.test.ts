// Text in UTF-8 is cut between characters, and what is no UTF-8 is not held back.
import { describe, expect, it } from 'vitest';
import { wholeCharacters } from './whole-characters.ts';

describe('whole characters', () => {
  it('end before a character that is not complete', () => {
    const text = new TextEncoder().encode('aé“🦀');
    expect(Array.from({ length: text.length + 1 }, (_, n) => wholeCharacters(text.subarray(0, n)))).toEqual([
      0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10,
    ]);
  });

  it('let bytes through that are no UTF-8', () => {
    expect(wholeCharacters(Uint8Array.from([0x61, 0x80, 0x80, 0x80]))).toBe(4);
    expect(wholeCharacters(Uint8Array.from([0xff]))).toBe(1);
    expect(wholeCharacters(Uint8Array.from([0xe9, 0x0d]))).toBe(2);
  });
});
