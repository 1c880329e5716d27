// The slots of names, against those that Redis itself computes (CLUSTER KEYSLOT).
import { expect, test } from 'vitest';
import { hashSlot } from './hash-slot.ts';
import { redisNames } from './redis-names.ts';

test.each([
  ['', 0],
  ['foo', 12182],
  ['123456789', 12739],
  ['foo{}{bar}', 8363],
  ['foo{{bar}}zap', 4015],
  ['foo{bar}{zap}', 5061],
  ['{unclosed', 470],
])('the slot of "%s" is %i', (name, slot) => {
  expect(hashSlot(name)).toBe(slot);
});

test('all names of a machine share a slot', () => {
  const names = redisNames('hermit:');
  const id = '0b9c9a9e-7c0c-4f0e-9d6a-6a2b1d1e2f33';
  const all = [
    names.machine(id),
    names.machineChannel(id),
    names.sessionChannel(id, 'f3b1d8c2-1111-4222-8333-444455556666'),
    names.machineEpoch(id),
    names.machineSessions(id),
    names.machineAttachments(id),
  ];
  expect(new Set(all.map(hashSlot))).toEqual(new Set([hashSlot(`{${id}}`)]));
});
