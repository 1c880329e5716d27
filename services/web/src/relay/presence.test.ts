// What a person is told of a machine: here, perhaps back any moment, or away.
import { LIMITS, type MachineInfo } from '@hermit/protocol';
import { expect, test } from 'vitest';
import { presenceOf } from './presence.ts';

const NOW = 1_700_000_000_000;
const seen = (online: boolean, agoMs: number | null) =>
  presenceOf({ online, lastSeen: agoMs === null ? null : NOW - agoMs } as MachineInfo, NOW);

test('is online while its agent is connected, whenever that was told', () => {
  expect(seen(true, 10 * LIMITS.machineLease)).toBe('online');
});

test('reconnects until its lease has run out, and is offline from then on', () => {
  expect(seen(false, 0)).toBe('reconnecting');
  expect(seen(false, LIMITS.machineLease - 1)).toBe('reconnecting');
  expect(seen(false, LIMITS.machineLease)).toBe('offline');
});

test('is offline when it was never there', () => {
  expect(seen(false, null)).toBe('offline');
});
