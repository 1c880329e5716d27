// Every role and action, and how a share becomes a role.
import { describe, expect, it } from 'vitest';
import { type Action, may, type Role, roleOf, type Share } from './permissions.ts';

const ACTIONS: Action[] = ['list', 'create', 'attach', 'type', 'resize', 'kill', 'share'];
const TABLE: [Role | null, string][] = [
  ['owner', 'list create attach type resize kill share'],
  ['driver', 'attach type resize'],
  ['viewer', 'attach'],
  [null, ''],
];

it.each(TABLE)('%s may: %s', (role, expected) => {
  expect(ACTIONS.filter((action) => may(role, action)).join(' ')).toBe(expected);
});

describe('the role of a user', () => {
  const now = 1_000_000;
  const session = { ownerId: 'owner', sessionId: 's1' };
  const share = (over: Partial<Share>): Share => ({
    sessionId: 's1',
    userId: 'guest',
    role: 'viewer',
    expiresAt: now + 1,
    ...over,
  });

  it('is owner of their own, whatever is shared', () => {
    expect(roleOf('owner', session, [share({ userId: 'owner' })], now)).toBe('owner');
  });

  it.each<[string, Share[], Role | null]>([
    ['nothing shared', [], null],
    ['shared with them', [share({})], 'viewer'],
    ['shared without end', [share({ expiresAt: null })], 'viewer'],
    ['shared with somebody else', [share({ userId: 'other' })], null],
    ['shared by a link', [share({ userId: null, role: 'driver' })], 'driver'],
    ['another session shared', [share({ sessionId: 's2' })], null],
    ['expired this very moment', [share({ expiresAt: now })], null],
    ['shared twice: the stronger counts', [share({}), share({ role: 'driver' }), share({})], 'driver'],
    ['shared twice, the stronger expired', [share({ role: 'driver', expiresAt: now }), share({})], 'viewer'],
  ])('%s', (_, shares, expected) => {
    expect(roleOf('guest', session, shares, now)).toBe(expected);
  });

  it('towards a whole machine never comes from a share', () => {
    const machine = { ownerId: 'owner', sessionId: null };
    expect(roleOf('guest', machine, [share({}), share({ role: 'driver', userId: null })], now)).toBeNull();
  });
});
