// Addresses and what they mean.
import { expect, test } from 'vitest';
import { routeOf, terminalPath } from './routes.ts';

const MACHINE = '11111111-1111-4111-8111-111111111111';
const SESSION = '22222222-2222-4222-8222-222222222222';
const at = (path: string) => routeOf(new URL(path, 'https://hermit.example.org'));

test.each([
  ['/', { page: 'machines' }],
  ['/settings', { page: 'settings' }],
  [terminalPath(MACHINE, SESSION), { page: 'terminal', machineId: MACHINE, sessionId: SESSION }],
  ['/m/M/s/S', { page: 'unknown' }],
  ['/m/M/x/S', { page: 'unknown' }],
  ['/m/M', { page: 'unknown' }],
  ['/elsewhere', { page: 'unknown' }],
  ['/device?code=ABCD-EFGH', { page: 'device', code: 'ABCD-EFGH' }],
  ['/device', { page: 'device', code: '' }],
  ['/link?machine=M#the%20code', { page: 'link', code: 'the code', machineId: 'M' }],
  ['/link#code', { page: 'link', code: 'code', machineId: null }],
  ['/join#hms_token', { page: 'join', code: 'hms_token' }],
  ['/sso#DUPLICATE', { page: 'sso', code: 'DUPLICATE' }],
  ['/link#%', { page: 'link', code: '%', machineId: null }],
])('%s', (path, route) => {
  expect(at(path)).toEqual(route);
});
