// What is said of a relay that cannot start.
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { readConfig } from './config.ts';
import { startFailure } from './start-failure.ts';

const config = readConfig({
  ...{ HOST: '127.0.0.1', PORT: '3001', METRICS_PORT: '9100', HERMIT_DATA_DIR: '/data/hermit' },
  ...{ DATABASE_URL: 'postgres://u:p@h/d', JWT_SECRET: 'x'.repeat(32) },
});

it.each<[object, RegExp]>([
  [{ syscall: 'listen', code: 'EADDRINUSE', port: 3001 }, /^PORT must be a free port: another program .* 3001 of 127/],
  [{ syscall: 'listen', code: 'EADDRINUSE', port: 9100 }, /^METRICS_PORT must be a free port/],
  [{ syscall: 'listen', code: 'EACCES', port: 3001 }, /^PORT must be a free port: this user may not/],
  [{ syscall: 'listen', code: 'EADDRNOTAVAIL', port: 3001 }, /^HOST must be an address of this machine, not "127/],
  [{ syscall: 'getaddrinfo', code: 'ENOTFOUND', hostname: '127.0.0.1' }, /^HOST must be/],
  [{ syscall: 'getaddrinfo', code: 'ENOTFOUND', hostname: 'h' }, /^DATABASE_URL must lead .* not known \(ENOTFOUND\)$/],
  [{ syscall: 'connect', code: 'ECONNREFUSED', port: 5432 }, /^DATABASE_URL must lead .* nothing listens there/],
  [{ code: '28P01', message: 'password authentication failed' }, /^DATABASE_URL must lead .* the password is refused/],
  [
    { code: 'EACCES', path: '/data/hermit/lock' },
    /^HERMIT_DATA_DIR must be a directory .*, not "\/data\/hermit" \(EACCES/,
  ],
  [{ code: 'ENOTDIR', path: '/data' }, /^HERMIT_DATA_DIR must be/],
  [new Error('migration 2 was changed'), /^cannot start: migration 2 was changed$/],
])('%j', (error, said) => {
  expect(startFailure(error, config)).toMatch(said);
});

it('knows a port that is taken for what the system says of it', async () => {
  const first = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => first.once('listening', resolve));
  const { port } = first.address() as { port: number };
  const second = createServer().listen(port, '127.0.0.1');
  const error = await new Promise((resolve) => second.once('error', resolve));
  first.close();
  expect(startFailure(error, { ...config, port })).toMatch(/^PORT must be a free port/);
});
