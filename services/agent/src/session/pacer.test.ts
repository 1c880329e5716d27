// Viewers of about the same speed stay together, and nobody waits long for one who is slow (FL-2).
import { LIMITS } from '@hermit/protocol';
import { describe, expect, it } from 'vitest';
import { mustPause, PATIENCE, type Paced, Patience, Window } from './pacer.ts';

const viewer = (ack: number, changed: Partial<Paced> = {}): Paced => ({
  live: true,
  screenOwed: false,
  proved: true,
  ack,
  progressAt: 0,
  owesSince: 0,
  window: { size: 100 },
  patience: PATIENCE,
  waitedFor: false,
  ...changed,
});

describe('who sets the pace (FL-2)', () => {
  it('waits for no viewer who is still to be shown a screen', () => {
    const owed = viewer(0, { live: false, screenOwed: true });
    expect(mustPause([owed], 10_000, 4_000, 1, 0)).toBe(false);
    expect(mustPause([owed, viewer(9_800)], 10_000, 4_000, 1, 0)).toBe(true);
  });

  it('goes on for who catches up only while those who are live are sent what they would lose', () => {
    const viewers = [viewer(9_000), viewer(10_000, { live: false })];
    expect(mustPause(viewers, 10_000, 4_000, 1, 1_000)).toBe(false);
    expect(mustPause(viewers, 10_000, 4_000, 1, 2_000)).toBe(true);
  });
});

describe('patience (FL-2)', () => {
  it('waits for a viewer that is out of its window, for a while', () => {
    const patience = new Patience();
    const viewers = [viewer(1_000), viewer(850)];
    expect(mustPause(viewers, 1_000, 4_000, 1, 0)).toBe(false);
    expect(patience.holds(viewers, 1_000, 1)).toBe(true);
    expect(patience.holds(viewers, 1_000, 90)).toBe(true);
    expect(patience.holds(viewers, 1_000, 110)).toBe(false);
  });

  it('waits for a slow one a tenth of the time at most', () => {
    const patience = new Patience();
    const viewers = [viewer(1_000, { progressAt: 1e9 }), viewer(850, { progressAt: 1e9 })];
    let held = 0;
    for (let now = 0; now < 10_000; now++) if (patience.holds(viewers, 1_000, now)) held++;
    expect(held).toBeGreaterThan(PATIENCE);
    expect(held).toBeLessThan(1_200);
  });

  it('waits for nobody who is absent, or who catches up', () => {
    const patience = new Patience();
    expect(patience.holds([viewer(1_000), viewer(0, { proved: false })], 1_000, 1)).toBe(false);
    expect(patience.holds([viewer(1_000), viewer(0, { live: false })], 1_000, 2)).toBe(false);
  });
});

describe('a window (FL-4)', () => {
  it('is measured after 20 ms for the first time, and after 100 ms from then on', () => {
    const window = new Window();
    let acked = 0;
    const seen: number[] = [];
    // Ten KiB in each millisecond, then five.
    for (let now = 0; now <= 140; now++) {
      window.sent(acked + window.size, acked, now, true);
      acked += now < 21 ? 10_240 : 5_120;
      const { rate } = window;
      window.acknowledged(acked, now, true);
      if (window.rate !== rate) seen.push(now);
    }
    expect(seen).toEqual([20, 120]);
    expect(window.size).toBe(LIMITS.windowMax);
  });

  it('grows while it holds the program back, also when all that was printed is consumed each time', () => {
    const window = new Window();
    const first = window.size;
    let acked = 0;
    for (let now = 0; now < 1_000; now += 10) {
      window.sent(acked + window.size, acked, now, true);
      acked += window.size;
      window.acknowledged(acked, now + 5, true);
    }
    expect(window.size).toBeGreaterThan(4 * first);
  });
});
