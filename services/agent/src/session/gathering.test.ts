// A lone frame is never held; a flood is gathered, but not for long.
import { describe, expect, it } from 'vitest';
import { Gathering } from './gathering.ts';

const KIB = 1024;

describe('gathering (FL-6)', () => {
  it('holds nothing before a flood, and no keystroke ever', () => {
    const gathering = new Gathering();
    expect(gathering.due(64 * KIB)).toBeLessThanOrEqual(0);
    for (let now = 0; now < 10; now++) {
      gathering.sent(1, now);
      expect(gathering.due(4 * KIB)).toBeLessThanOrEqual(now);
    }
  });

  it('holds what follows a large frame for 4 ms, or until it is much', () => {
    const gathering = new Gathering();
    gathering.sent(4 * KIB, 100);
    expect(gathering.due(1)).toBe(104);
    expect(gathering.due(47 * KIB)).toBe(104);
    expect(gathering.due(48 * KIB)).toBeLessThanOrEqual(100);
  });

  it('ends with the flood', () => {
    const gathering = new Gathering();
    gathering.sent(4 * KIB, 100);
    gathering.sent(20, 104);
    expect(gathering.due(1)).toBeLessThanOrEqual(104);
  });
});
