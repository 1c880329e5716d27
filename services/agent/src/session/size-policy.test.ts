// Whose size counts and who drives, by policy, by rights, and where two are equal (SIZE-1).
import type { SizePolicy } from '@hermit/protocol';
import { describe, expect, it, test } from 'vitest';
import { driverOf, type Seat, sizeOf } from './size-policy.ts';

const CURRENT = { cols: 80, rows: 24 };
/** Neither is the smaller one in both directions. */
const wide: Seat = { id: 'wide', readOnly: false, size: { cols: 120, rows: 20 }, typed: 3, since: 2 };
const tall: Seat = { id: 'tall', readOnly: false, size: { cols: 60, rows: 50 }, typed: 5, since: 4 };
const watcher: Seat = { id: 'watcher', readOnly: true, size: { cols: 10, rows: 5 }, typed: 9, since: 1 };
const unsized: Seat = { id: 'unsized', readOnly: false, size: null, typed: 7, since: 6 };
const seats = [wide, tall, watcher, unsized];

describe('the size', () => {
  it.each<[SizePolicy, string | null, { cols: number; rows: number }]>([
    ['latest', 'wide', { cols: 60, rows: 50 }],
    ['smallest', 'wide', { cols: 60, rows: 20 }],
    ['driver', 'wide', { cols: 120, rows: 20 }],
    ['driver', 'tall', { cols: 60, rows: 50 }],
    ['driver', 'unsized', CURRENT],
    ['driver', null, CURRENT],
    ['fixed', 'wide', CURRENT],
  ])('by `%s` while %s drives', (policy, driver, size) => {
    expect(sizeOf(policy, seats, driver, CURRENT)).toEqual(size);
    expect(sizeOf(policy, [...seats].reverse(), driver, CURRENT), 'in whatever order they stand').toEqual(size);
  });

  it.each<SizePolicy>(['latest', 'smallest', 'driver', 'fixed'])('by `%s` stays where nobody has a say', (policy) => {
    for (const few of [[], [watcher], [unsized], [watcher, unsized]]) {
      expect(sizeOf(policy, few, few[0]?.id ?? null, CURRENT)).toEqual(CURRENT);
    }
  });

  test('of who came first counts by `latest`, before anybody has typed', () => {
    const [a, b] = [
      { ...wide, typed: 0 },
      { ...tall, typed: 0 },
    ];
    for (const both of [
      [a, b],
      [b, a],
    ])
      expect(sizeOf('latest', both, null, CURRENT)).toEqual(wide.size);
  });
});

describe('the driver', () => {
  it.each<[string, Seat[], string | null, string | null]>([
    ['who drives goes on, whoever typed since', [wide, tall], 'wide', 'wide'],
    ['who has left drives no longer: who typed last does', [wide, tall], 'gone', 'tall'],
    ['who may only watch drives no longer', [wide, { ...tall, readOnly: true }], 'tall', 'wide'],
    ['who may only watch never drives', [watcher], null, null],
    ['one without a window may drive', [unsized, watcher], null, 'unsized'],
    [
      'of two who have not typed, who came first',
      [
        { ...tall, typed: 0 },
        { ...wide, typed: 0 },
      ],
      null,
      'wide',
    ],
    ['nobody', [], 'wide', null],
  ])('%s', (_, there, current, driver) => {
    expect(driverOf(there, current)).toBe(driver);
    expect(driverOf([...there].reverse(), current)).toBe(driver);
  });
});
