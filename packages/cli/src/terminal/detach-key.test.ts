// The detach key, in every way terminals send it, and never in a paste.
import { describe, expect, it } from 'vitest';
import { DetachScanner, parseDetachKey } from './detach-key.ts';

const bytes = (s: string) => new TextEncoder().encode(s);
const scan = (...chunks: string[]) => {
  const scanner = new DetachScanner(parseDetachKey('Ctrl-]'));
  return chunks.map((chunk) => scanner.find(bytes(chunk)));
};

it.each([
  ['Ctrl-]', 0x1d],
  ['^]', 0x1d],
  ['ctrl-b', 0x02],
  ['C-a', 0x01],
  ['Ctrl+Q', 0x11],
  ['^\\', 0x1c],
  ['^@', 0],
  ['none', null],
])('%s is byte %s', (text, byte) => {
  expect(parseDetachKey(text).byte).toBe(byte);
});

it.each(['', 'x', 'Ctrl-', 'Ctrl-1', 'Ctrl-[', 'Ctrl-M', 'Ctrl-I', 'Alt-x', 'Ctrl-ab'])('%j is no key', (text) => {
  expect(() => parseDetachKey(text)).toThrow(RangeError);
});

describe('is found', () => {
  it.each([
    ['by itself', '\x1d', 0],
    ['after other keys', 'ls\x1d', 2],
    ['as the kitty protocol sends it', 'x\x1b[93;5u', 1],
    ['with caps lock, as the kitty protocol sends it', '\x1b[93;69u', 0],
    ['with event type', '\x1b[93;5:1u', 0],
    ['as modifyOtherKeys sends it', '\x1b[27;5;93~', 0],
  ])('%s', (_, typed, at) => {
    expect(scan(typed)).toEqual([at]);
  });
});

describe('is not', () => {
  it.each([
    ['another key', '\x1b[94;5u'],
    ['the key without Ctrl', '\x1b[93;1u'],
    ['the key with Alt as well', '\x1b[93;7u'],
    ['the key let go', '\x1b[93;5:3u'],
    ['a plain bracket', ']'],
    ['an arrow', '\x1b[A'],
  ])('%s', (_, typed) => {
    expect(scan(typed)).toEqual([-1]);
  });

  it('part of a paste, in however many pieces it comes', () => {
    expect(scan('\x1b[200~a\x1db\x1b[201~')).toEqual([-1]);
    expect(scan('\x1b[20', '0~a\x1d', '\x1d\x1b[2', '01~', 'x\x1d')).toEqual([-1, -1, -1, -1, 1]);
  });

  it('anything, when there is none', () => {
    expect(new DetachScanner(parseDetachKey('none')).find(bytes('\x1d'))).toBe(-1);
  });
});
