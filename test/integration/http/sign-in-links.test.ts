// Signing in by a link over HTTP.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HttpSide, type LoggedIn, PASSWORD, startHttpSide } from './http-kit.ts';

describe('a sign-in link', () => {
  let relay: HttpSide;
  beforeAll(async () => {
    relay = await startHttpSide();
  });
  afterAll(() => relay?.[Symbol.asyncDispose]());

  const make = (token: string | undefined, password: string = PASSWORD) =>
    relay.request<{ code: string }>('POST', '/api/sign-in-links', { body: { password }, ...(token ? { token } : {}) });
  const use = (code: unknown) => relay.request<LoggedIn>('POST', '/auth/link', { body: { code } });

  it('is made with token and password, and gives a login of its own', async () => {
    const person = await relay.person();
    const { status, body } = await make(person.accessToken);
    expect(status).toBe(201);
    const used = await use(body.code);
    expect(used).toMatchObject({ status: 200, body: { user: person.user } });
    const mine = { token: used.body.accessToken };
    expect((await relay.request('GET', '/api/machines', mine)).status).toBe(200);
    await relay.request('POST', '/auth/logout', { body: { refreshToken: person.refreshToken } });
    expect((await relay.request('GET', '/api/machines', mine)).status).toBe(200);
  });

  it('is not made for a token alone, nor for a password alone', async () => {
    const { accessToken } = await relay.person();
    expect(await make(accessToken, 'another password')).toMatchObject({
      status: 401,
      body: { code: 'INVALID_CREDENTIALS' },
    });
    expect(await make(undefined)).toMatchObject({ status: 401, body: { code: 'NOT_AUTHENTICATED' } });
  });

  it('works once', async () => {
    const { accessToken } = await relay.person();
    const { body } = await make(accessToken);
    expect((await use(body.code)).status).toBe(200);
    expect(await use(body.code)).toMatchObject({ status: 401, body: { code: 'INVALID_TOKEN' } });
    expect(relay.log.join('\n')).not.toContain(body.code);
  });

  it.each([undefined, 1, '', 'x'.repeat(5000)])('is refused with the code %s', async (code) => {
    expect(await use(code)).toMatchObject({ status: 400, body: { code: 'VALIDATION' } });
  });
});
