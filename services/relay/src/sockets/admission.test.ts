// Newcomers: one alone never waits, a thousand at once leave the loop time for others, and nobody is forgotten.
import { beforeEach, expect, it } from 'vitest';
import { Admission } from './admission.ts';

/** What the event loop would be seen to do: the work that waits, and how much each newcomer brings. */
let work: number;
let perNewcomer: number;
let others: number;
let busiest: number;
let now: number;
let timer: (() => void) | null;
let admission: Admission;

const TURN = 20;

beforeEach(() => {
  [work, perNewcomer, others, busiest, now, timer] = [0, 0, 0, 0, 0, null];
  const after = (_: number, run: () => void) => {
    timer = run;
    const cancel = () => {
      timer = null;
    };
    return { cancel };
  };
  const clock = { now: () => now, monotonic: () => now, after, every: after };
  admission = new Admission(clock, () => {
    const busy = Math.min(1, others + work / TURN);
    work = Math.max(0, work - (1 - others) * TURN);
    busiest = Math.max(busiest, busy);
    return busy;
  });
});

type Seen = { entered: number };
/** `count` of one network ask to come in. */
async function come(count: number, network = 'one'): Promise<Seen> {
  const seen = { entered: 0 };
  const enter = () => {
    seen.entered++;
    work += perNewcomer;
  };
  for (let n = 0; n < count; n++) {
    const turn = admission.turn(network);
    if (turn) void turn.then(enter);
    else enter();
  }
  await settled();
  return seen;
}
async function pass(turns: number): Promise<void> {
  for (let n = 0; n < turns; n++) {
    now += TURN;
    const due = timer;
    timer = null;
    due?.();
    await settled();
  }
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

it('whoever comes alone does not wait, however busy the loop is', async () => {
  others = 1;
  for (let n = 0; n < 50; n++) {
    expect(admission.turn('one')).toBeUndefined();
    await pass(3);
    expect(timer, 'nothing is watched once nobody comes').toBeNull();
  }
});

it('a thousand at once are let in within seconds, and leave the loop time of its own', async () => {
  perNewcomer = 2;
  const seen = await come(1_000);
  expect(seen.entered).toBeLessThan(20);
  let idle = 0;
  for (let n = 0; n < 200 && seen.entered < 1_000; n++) {
    await pass(1);
    if (work < TURN) idle++;
  }
  expect(seen.entered).toBe(1_000);
  expect(now).toBeLessThan(4_000);
  expect(busiest).toBeLessThan(0.95);
  expect(idle).toBe(now / TURN);
});

it('the longer they wait, the more of the loop is theirs', async () => {
  [perNewcomer, others] = [1, 0.2];
  const crowd = [await come(900)];
  const lately = async (turns: number) => {
    const before = crowd.reduce((sum, { entered }) => sum + entered, 0);
    for (let n = 0; n < turns; n++) {
      crowd.push(await come(8));
      await pass(1);
    }
    return (crowd.reduce((sum, { entered }) => sum + entered, 0) - before) / turns;
  };
  await pass(20);
  const early = await lately(50);
  await lately(130);
  const late = await lately(50);
  expect(admission.waiting, 'all that time some waited').toBeGreaterThan(0);
  expect(early).toBeLessThan(9);
  expect(late).toBeGreaterThan(1.25 * early);
});

it('those who cost little are let in faster', async () => {
  perNewcomer = 0.2;
  const seen = await come(1_000);
  await pass(40);
  expect(seen.entered).toBe(1_000);
});

it('a loop that is busy with all else lets some in all the same: the last of those who may wait within five seconds', async () => {
  others = 1;
  const seen = await come(1_000);
  await pass(20);
  expect(seen.entered).toBeLessThan(200);
  await pass(230);
  expect(seen.entered).toBe(1_000);
});

it('networks take turns: a crowd of one delays nobody of another', async () => {
  others = 1;
  const crowd = await come(900, 'crowd');
  const lone = await come(1, 'lone');
  expect(lone.entered).toBe(0);
  await pass(1);
  expect(lone.entered).toBe(1);
  await pass(300);
  expect(crowd.entered).toBe(900);
});

it('no more than a thousand wait: of any further one the first comes in', async () => {
  const seen = await come(10_000);
  expect(admission.waiting).toBe(1_000);
  expect(seen.entered).toBe(9_000);
});

it('a pod that leaves holds nobody', async () => {
  const seen = await come(500);
  admission.close();
  await settled();
  expect(seen.entered).toBe(500);
  expect(admission.waiting).toBe(0);
  expect(timer).toBeNull();
  expect((await come(100)).entered).toBe(100);
});
