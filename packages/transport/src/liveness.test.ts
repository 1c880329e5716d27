// Who is alive: pinged when it is time, dead after a silence, and not before (MSG-5).
import { LIMITS } from '@hermit/protocol';
import { expect, it } from 'vitest';
import type { Clock } from './clock.ts';
import { LifeSigns, Liveness } from './liveness.ts';

const { pingEvery, deadAfter } = LIMITS;

it('asks for a ping once in a while, whatever is heard', () => {
  const signs = new LifeSigns(1_000);
  expect(signs.look(1_000 + pingEvery - 1)).toBe('well');
  expect(signs.look(1_000 + pingEvery)).toBe('quiet');
  expect(signs.look(1_000 + pingEvery + 1)).toBe('well');
  signs.heard(1_000 + pingEvery + 1);
  expect(signs.look(1_000 + 2 * pingEvery)).toBe('quiet');
});

it('is dead after a silence, counted from what was heard last', () => {
  const signs = new LifeSigns(0);
  signs.heard(500);
  signs.look(deadAfter - 1);
  expect(signs.look(500 + deadAfter - 1)).not.toBe('dead');
  expect(signs.look(500 + deadAfter)).toBe('dead');
});

it('pings by its own timer, says once that the other is dead, and then stops', () => {
  let [now, tick, every, cancelled] = [0, () => {}, 0, 0];
  const clock: Clock = {
    ...{ now: () => now, monotonic: () => now, after: () => ({ cancel() {} }) },
    every(ms, run) {
      [every, tick] = [ms, run];
      return { cancel: () => void cancelled++ };
    },
  };
  let [pings, deaths] = [0, 0];
  const liveness = new Liveness(
    clock,
    () => pings++,
    () => deaths++,
  );
  const pass = (ms: number) => {
    for (const end = now + ms; now < end && cancelled === 0; ) {
      now += every;
      tick();
    }
  };
  pass(pingEvery);
  expect(pings).toBe(1);
  liveness.heard();
  const heardAt = now;
  pass(deadAfter - 2 * every);
  expect(deaths).toBe(0);
  pass(deadAfter);
  expect({ deaths, cancelled }).toEqual({ deaths: 1, cancelled: 1 });
  expect(now - heardAt).toBeLessThan(deadAfter + every);
  // It is looked at often enough that neither is late by much.
  expect(every).toBeLessThanOrEqual(Math.min(pingEvery, deadAfter / 4));
});
