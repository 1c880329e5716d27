// Who has not introduced themselves yet: one address leaves places for the others.
import { LIMITS } from '@hermit/protocol';
import { expect, it } from 'vitest';
import { Strangers } from './strangers.ts';

function fill(strangers: Strangers<object>, network: string, most = Number.POSITIVE_INFINITY): object[] {
  const links: object[] = [];
  while (links.length < most && !strangers.crowded(network)) {
    const link = {};
    links.push(link);
    strangers.add(link, network);
  }
  return links;
}

it('one address takes half of the places, the next ones a few each', () => {
  const strangers = new Strangers<object>();
  expect(fill(strangers, 'first')).toHaveLength(LIMITS.strangers / 2);
  expect(fill(strangers, 'second')).toHaveLength(LIMITS.strangersPerAddress);
  expect(fill(strangers, 'third')).toHaveLength(LIMITS.strangersPerAddress);
  expect(strangers.crowded('fourth')).toBe(false);
});

it('all of them together are bounded', () => {
  const strangers = new Strangers<object>();
  for (let n = 0; n < LIMITS.strangers; n++) fill(strangers, `address ${n}`, 1);
  expect(strangers.size).toBe(LIMITS.strangers);
  expect(fill(strangers, 'another')).toEqual([]);
});

it('who has introduced themselves, or has gone, is counted no more, and once', () => {
  const strangers = new Strangers<object>();
  const [kept, gone] = [fill(strangers, 'first', LIMITS.strangers / 2), fill(strangers, 'second')];
  for (const link of [...gone, ...gone]) strangers.delete(link);
  expect(strangers.size).toBe(kept.length);
  expect(fill(strangers, 'second')).toHaveLength(LIMITS.strangersPerAddress);
});
