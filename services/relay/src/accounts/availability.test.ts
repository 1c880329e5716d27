// A database that is slow or away: a coded answer in time.
import { createServer } from 'node:net';
import postgres from 'postgres';
import { describe, expect, it } from 'vitest';
import { isUnreachable, withDeadline } from './availability.ts';

describe('a database that does not answer', () => {
  it('is UNAVAILABLE after the deadline', async () => {
    const methods = withDeadline({ ask: () => new Promise<string>(() => {}) }, 20);
    await expect(methods.ask()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('is UNAVAILABLE at once when nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((done) => server.once('listening', done));
    const { port } = server.address() as { port: number };
    await new Promise((done) => server.close(done));
    const sql = postgres(`postgres://nobody@127.0.0.1:${port}/nothing`, { max: 1, connect_timeout: 2 });
    const methods = withDeadline({ ask: async () => sql`select 1` });
    await expect(methods.ask()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await sql.end({ timeout: 1 });
  });
});

it('leaves answers and other errors as they are', async () => {
  const methods = withDeadline({
    ask: async (n: number) => n + 1,
    fail: async () => {
      throw new RangeError('no');
    },
  });
  expect(await methods.ask(1)).toBe(2);
  await expect(methods.fail()).rejects.toBeInstanceOf(RangeError);
});

it.each([
  ['ECONNREFUSED', true],
  ['57P03', true],
  ['08006', true],
  ['23505', false],
  [undefined, false],
])('%s: unreachable is %s', (code, expected) => {
  expect(isUnreachable({ code })).toBe(expected);
});
