// The probe of a subscription, on a clock that moves by order.
import type { Clock } from '@hermit/transport';
import { seeded } from '@hermit/transport';
import { beforeEach, expect, test } from 'vitest';
import { SubscriptionProbe } from './subscription-probe.ts';

const EVERY = 15_000;
const TIMEOUT = 5_000;

let now: number;
let timers: { at: number; run: () => void; live: boolean }[];
let sent: string[];
let events: string[];
let probe: SubscriptionProbe;

const clock: Clock = {
  now: () => now,
  monotonic: () => now,
  after(ms, run) {
    const timer = { at: now + ms, run, live: true };
    timers.push(timer);
    return {
      cancel() {
        timer.live = false;
      },
    };
  },
  every: () => expect.unreachable(),
};

function pass(ms: number): void {
  const end = now + ms;
  for (;;) {
    timers = timers.filter(({ live }) => live);
    const [next] = timers.toSorted((a, b) => a.at - b.at);
    if (!next || next.at > end) break;
    now = next.at;
    next.live = false;
    next.run();
  }
  now = end;
}

const answer = () => probe.hear(sent.at(-1)!);

beforeEach(() => {
  now = 0;
  timers = [];
  sent = [];
  events = [];
  probe = new SubscriptionProbe(
    clock,
    seeded(7),
    { every: EVERY, timeout: TIMEOUT },
    {
      send: (nonce) => sent.push(nonce),
      heard: (roundTrip, proven) => events.push(`heard after ${roundTrip}${proven ? ', proven' : ''}`),
      missed: () => events.push('missed'),
      rebuild: () => events.push('rebuild'),
    },
  );
});

test('a subscription that delivers is probed every 15 s, give or take a quarter', () => {
  probe.start(false);
  expect(sent).toHaveLength(1);
  const waits = Array.from({ length: 50 }, () => {
    const { length } = sent;
    answer();
    const since = now;
    while (sent.length === length) pass(1);
    return now - since;
  });
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(EVERY * 0.75);
  expect(Math.max(...waits)).toBeLessThanOrEqual(EVERY * 1.25 + 1);
  // Pods that were started together do not stay together.
  expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(EVERY / 4);
  expect(new Set(sent).size).toBe(sent.length);
  expect(events).not.toContain('missed');
});

test('two misses rebuild the connections, one does not', () => {
  probe.start(false);
  pass(TIMEOUT);
  expect(events).toEqual(['missed']);
  pass(10);
  answer();
  expect(events).toEqual(['missed', 'heard after 10']);
  pass(EVERY * 1.25 + 2 * TIMEOUT);
  expect(events.slice(2)).toEqual(['missed', 'missed', 'rebuild']);
  pass(10 * EVERY);
  expect(events).toHaveLength(5);
});

test('only the awaited probe counts: no late one, none of another life, nothing strange', () => {
  probe.start(false);
  const [late] = sent;
  pass(TIMEOUT);
  for (const message of [late!, 'other:1', '', '\0']) probe.hear(message);
  expect(events).toEqual(['missed']);
  answer();
  answer();
  expect(events).toEqual(['missed', 'heard after 0']);
});

test('what was lost is proven once, by the first probe that comes through', () => {
  probe.start(true);
  pass(TIMEOUT);
  answer();
  expect(events).toEqual(['missed', 'heard after 0, proven']);
  pass(EVERY * 1.25);
  answer();
  expect(events.at(-1)).toMatch(/^heard after \d+(\.\d+)?$/);
});

test('while a connection knows that it is down nothing is probed, and what must be proven is not forgotten', () => {
  probe.start(true);
  const [before] = sent;
  probe.pause();
  pass(10 * EVERY);
  probe.hear(before!);
  expect([sent.length, events]).toEqual([1, []]);
  probe.start(false);
  answer();
  expect(events).toEqual(['heard after 0, proven']);
});
