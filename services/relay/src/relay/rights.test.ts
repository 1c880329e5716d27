// Rights are asked for anew whenever they may have changed, and whoever cannot be proven to have one has none.
import { HermitError } from '@hermit/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Role } from '../auth/permissions.ts';
import { Rights, type RightsHolder, type Seat } from './rights.ts';
import { SeatList } from './seat-list.ts';

type Answer = (role: Role | HermitError, until?: number | null) => void;

let asked: Answer[];
let changes: number;
let timers: { ms: number; run: () => void }[];
let seat: Seat;
let told: string[];
let rights: Rights;
let holder: { userId: string | null; taken: SeatList } & Omit<RightsHolder, 'userId' | 'taken'>;

beforeEach(() => {
  [asked, timers, told, changes] = [[], [], [], 0];
  const after = (ms: number, run: () => void) => {
    const timer = { ms, run };
    timers.push(timer);
    return { cancel: () => void timers.splice(timers.indexOf(timer), 1) };
  };
  const pod = {
    clock: { now: () => 1_000, after },
    users: { changesOf: () => changes },
    directory: { role: (_u: string, _m: string, _s: string | null, done: Answer) => void asked.push(done) },
  };
  const viewer = { machineId: 'm', sessionId: 's' };
  seat = { viewer, right: { role: 'viewer', until: null }, expiry: null, told: false } as unknown as Seat;
  holder = {
    ...({ pod } as unknown as Pick<RightsHolder, 'pod'>),
    userId: 'u',
    taken: new SeatList(),
    lost: (_, why) => told.push(`lost: ${why.code}`),
    altered: () => told.push('altered'),
  };
  holder.taken.add(seat);
  rights = new Rights(holder);
});

const answer: Answer = (role, until) => asked.shift()?.(role, until);

describe('a right that may have changed', () => {
  it.each<[string, Role | HermitError, string[]]>([
    ['goes on where it is the same', 'viewer', []],
    ['may allow typing now', 'driver', ['altered']],
    ['may be gone', new HermitError('MACHINE_NOT_FOUND'), ['lost: MACHINE_NOT_FOUND']],
    ['is gone while nobody can tell', new HermitError('UNAVAILABLE'), ['lost: UNAVAILABLE']],
  ])('%s', (_, role, then) => {
    rights.changed('m', 's');
    answer(role);
    expect(told).toEqual(then);
  });

  it('concerns the machine and the session that are named, or all', () => {
    rights.changed('another', null);
    rights.changed('m', 'another');
    expect(asked).toHaveLength(0);
    rights.changed('m', null);
    rights.changed(null, null);
    expect(asked).toHaveLength(2);
  });

  it('matters no more once the seat is left', () => {
    rights.changed('m', 's');
    holder.taken.remove(seat);
    answer(new HermitError('MACHINE_NOT_FOUND'));
    expect(told).toEqual([]);
  });
});

it('an answer that a change has overtaken is asked for again, a few times', () => {
  rights.changed('m', 's');
  for (let i = 0; i < 4; i++) {
    changes++;
    expect(asked).toHaveLength(1);
    answer('viewer');
  }
  expect(asked).toHaveLength(0);
  expect(told).toEqual(['lost: UNAVAILABLE']);
});

it('is asked for again when it ends, and at least every hour', () => {
  rights.hold(seat, { role: 'viewer', until: 6_000 });
  expect(timers.map(({ ms }) => ms)).toEqual([5_000]);
  rights.hold(seat, { role: 'viewer', until: 1e12 });
  expect(
    timers.map(({ ms }) => ms),
    'one timer takes the place of the other',
  ).toEqual([3_600_000]);
  timers[0]?.run();
  expect(asked).toHaveLength(1);
  rights.letGo(seat);
  expect(timers).toEqual([]);
});
