// Addresses and what they mean.
import { expect, test } from 'vitest';
import { routeOf, terminalPath } from './routes.ts';

const at = (path: string) => routeOf(new URL(path, 'https://hermit.example.org'));

test.each([
  ['/', { page: 'machines' }],
  ['/settings', { page: 'settings' }],
  [terminalPath('M', 'S'), { page: 'terminal', machineId: 'M', sessionId: 'S' }],
  ['/m/M/x/S', { page: 'unknown' }],
  ['/m/M', { page: 'unknown' }],
  ['/elsewhere', { page: 'unknown' }],
  ['/device?code=ABCD-EFGH', { page: 'device', code: 'ABCD-EFGH' }],
  ['/device', { page: 'device', code: '' }],
  ['/link?machine=M#the%20code', { page: 'link', code: 'the code', machineId: 'M' }],
  ['/link#code', { page: 'link', code: 'code', machineId: null }],
  ['/join#hms_token', { page: 'join', code: 'hms_token' }],
  ['/link#%', { page: 'link', code: '%', machineId: null }],
])('%s', (path, route) => {
  expect(at(path)).toEqual(route);
});
