// Each keystroke once and in order, whatever arrives (IN-1, IN-2, IN-4).
import { HermitError } from '@hermit/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { InputGate } from './input-gate.ts';

const ROOM = 1_000;
let gate: InputGate;
beforeEach(() => {
  gate = new InputGate(3);
  gate.admit('a', 'ann', 0);
});

const bytes = (text: string) => new TextEncoder().encode(text);
function take(clientId: string, position: number, text: string, room = ROOM): [fresh: string, gap: boolean] {
  const { fresh, gap } = gate.take(clientId, position, bytes(text), room);
  return [new TextDecoder().decode(fresh), gap];
}
const codeOf = (run: () => void): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof HermitError) return error.code;
  }
  return 'nothing';
};

describe('what arrives', () => {
  it('is taken in order, and a repeat not again', () => {
    expect(take('a', 0, 'abc')).toEqual(['abc', false]);
    expect(take('a', 0, 'abc')).toEqual(['', false]);
    expect(take('a', 3, 'de')).toEqual(['de', false]);
    expect(gate.applied('a')).toBe(5);
  });

  it('counts from where it is new', () => {
    take('a', 0, 'abc');
    expect(take('a', 1, 'bcde')).toEqual(['de', false]);
    expect(gate.applied('a')).toBe(5);
  });

  it('after a gap is not taken, and the gap is told', () => {
    take('a', 0, 'abc');
    expect(take('a', 4, 'e')).toEqual(['', true]);
    expect(gate.applied('a')).toBe(3);
    expect(take('nobody', 0, 'x')).toEqual(['', true]);
  });

  it('is taken as far as there is room; the rest comes again', () => {
    expect(take('a', 0, 'abcdef', 4)).toEqual(['abcd', false]);
    expect(take('a', 4, 'ef', 0)).toEqual(['', false]);
    expect(take('a', 4, 'ef', -10)).toEqual(['', false]);
    expect(gate.applied('a')).toBe(4);
    expect(take('a', 2, 'cdef')).toEqual(['ef', false]);
  });
});

describe('who comes back', () => {
  it('is told how much was applied, whatever it believes', () => {
    take('a', 0, 'abc');
    expect(gate.admit('a', 'ann', 0)).toBe(3);
    expect(gate.admit('a', 'ann', 99)).toBe(3);
  });

  it('is refused under the id of somebody else', () => {
    expect(codeOf(() => gate.admit('a', 'bob', 0))).toBe('ATTACHMENT_TAKEN');
  });

  it('is refused with a number when its own was forgotten: the least recently typed goes first', () => {
    gate.admit('b', 'bob', 0);
    gate.admit('c', 'cay', 0);
    take('a', 0, 'still here');
    gate.admit('d', 'dan', 0);
    expect(codeOf(() => gate.admit('b', 'bob', 1))).toBe('INPUT_LOST');
    expect(gate.admit('a', 'ann', 0)).toBe(10);
    expect(gate.applied('b')).toBe(0);
  });
});
