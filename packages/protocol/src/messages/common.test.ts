// Names that people give, and terminals will print.
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { GivenName, Name } from './common.ts';

const control = (code: number) => `a${String.fromCharCode(code)}b`;

describe('a name that is given', () => {
  it.each(['build', 'Büro 2', '日本語', 'a', '👩‍💻', 'x'.repeat(64)])('may be %j', (name) => {
    expect(Value.Check(GivenName, name)).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['more than 64 characters', 'x'.repeat(65)],
    ['an escape', control(0x1b)],
    ['a line feed', control(0x0a)],
    ['DEL', control(0x7f)],
    ['an escape of eight bits', control(0x9b)],
    ['a line separator', control(0x2028)],
    ['a mark that turns the direction', control(0x202e)],
    ['an isolate', control(0x2066)],
  ])('has no %s', (_what, name) => {
    expect(Value.Check(GivenName, name)).toBe(false);
  });

  it('of before is read as it is, but for control characters', () => {
    expect(Value.Check(Name, control(0x202e))).toBe(true);
    expect(Value.Check(Name, control(0x1b))).toBe(false);
  });
});
