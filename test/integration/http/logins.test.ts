// Registration, log-in, renewal and log-out over HTTP, on both databases.
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HttpSide, type LoggedIn, PASSWORD, startHttpSide } from './http-kit.ts';

describe.each(['postgres', 'embedded'] as const)('logging in, on the %s database', (database) => {
  let relay: HttpSide;
  beforeAll(async () => {
    relay = await startHttpSide({ database });
  });
  afterAll(() => relay?.[Symbol.asyncDispose]());

  const post = <T = Record<string, unknown>>(url: string, body: unknown) => relay.request<T>('POST', url, { body });

  it('registers: 201, the user and both tokens', async () => {
    const email = 'Ada@Example.org';
    const { status, body } = await post<LoggedIn>('/auth/register', { email, password: PASSWORD });
    expect(status).toBe(201);
    expect(body).toEqual({
      user: { id: expect.stringMatching(/^[0-9a-f-]{36}$/), email },
      accessToken: expect.any(String),
      refreshToken: expect.any(String),
    });
    const access = decodeJwt(body.accessToken);
    expect(access).toMatchObject({ sub: body.user.id, email, iss: 'hermit-relay', aud: 'hermit-client' });
    expect(Number(access.exp) - Number(access.iat)).toBe(15 * 60);
    const refresh = decodeJwt(body.refreshToken);
    expect(refresh).toMatchObject({ sub: body.user.id, type: 'refresh' });
    expect(Number(refresh.exp) - Number(refresh.iat)).toBe(7 * 24 * 3600);
  });

  it('refuses an address that has an account, in any case: 400', async () => {
    const { user } = await relay.person();
    const again = await post('/auth/register', { email: user.email.toUpperCase(), password: PASSWORD });
    expect(again).toMatchObject({ status: 400, body: { code: 'DUPLICATE' } });
  });

  it('lets one of many win who register the same address at once', async () => {
    const body = { email: 'race@example.org', password: PASSWORD };
    const answers = await Promise.all(Array.from({ length: 10 }, () => post('/auth/register', body)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(9).fill(400)]);
    const [row] = await relay.sql`select count(*)::int as count from users where email = ${body.email}`;
    expect(row?.count).toBe(1);
  });

  it.each([
    ['no body', undefined],
    ['no e-mail', { password: PASSWORD }],
    ['no password', { email: 'x@example.org' }],
    ['a short password', { email: 'x@example.org', password: '1234567' }],
    ['a password without end', { email: 'x@example.org', password: 'x'.repeat(1025) }],
    ['a number as password', { email: 'x@example.org', password: 12345678 }],
    ['no @', { email: 'x.example.org', password: PASSWORD }],
    ['blanks', { email: 'x y@example.org', password: PASSWORD }],
    ['a line end', { email: 'x@example.org\n', password: PASSWORD }],
    ['a long address', { email: `x@${'a.'.repeat(130)}org`, password: PASSWORD }],
    ['SQL', { email: "x@example.org'; drop table users; --", password: PASSWORD }],
    ['a list', [{ email: 'x@example.org', password: PASSWORD }]],
  ])('refuses to register with %s: 400', async (_, body) => {
    expect(await post('/auth/register', body)).toMatchObject({ status: 400, body: { code: 'VALIDATION' } });
  });

  it('says which field is wrong, and never repeats a password', async () => {
    const { body } = await post('/auth/register', { email: 'nobody', password: 's3cret' });
    expect(body).toMatchObject({
      code: 'VALIDATION',
      message: expect.stringContaining('email must be an e-mail address'),
      details: {
        fields: [
          { field: 'email', expected: 'must be an e-mail address' },
          { field: 'password', expected: expect.stringContaining('at least 8 characters') },
        ],
      },
    });
    expect(JSON.stringify(body)).not.toContain('s3cret');
  });

  it('takes SQL in a password as a password', async () => {
    const credentials = { email: 'sql@example.org', password: "'; drop table users; --" };
    expect(await post('/auth/register', credentials)).toMatchObject({ status: 201 });
    expect(await post('/auth/login', credentials)).toMatchObject({ status: 200 });
    expect(await post('/auth/login', { email: "' or 1=1 --", password: credentials.password })).toMatchObject({
      status: 401,
    });
  });

  it('logs in: 200; the same user, in whatever case the address is typed', async () => {
    const { user } = await relay.person();
    const answer = await post<LoggedIn>('/auth/login', { email: user.email.toUpperCase(), password: PASSWORD });
    expect(answer).toMatchObject({ status: 200, body: { user } });
    expect(Object.keys(answer.body).sort()).toEqual(['accessToken', 'refreshToken', 'user']);
  });

  it('answers a wrong password and an unknown address alike: 401', async () => {
    const { user } = await relay.person();
    const wrong = await post('/auth/login', { email: user.email, password: 'wrong password' });
    const nobody = await post('/auth/login', { email: 'nobody@example.org', password: 'wrong password' });
    expect(wrong).toMatchObject({ status: 401, body: { code: 'INVALID_CREDENTIALS' } });
    const plain = ({ status, body }: typeof wrong) => ({ status, ...body, requestId: undefined });
    expect(plain(nobody)).toEqual(plain(wrong));
  });

  it('renews with a refresh token, once', async () => {
    const first = await relay.person();
    const second = await post<LoggedIn>('/auth/refresh', { refreshToken: first.refreshToken });
    expect(second).toMatchObject({ status: 200, body: { user: first.user } });
    const list = await relay.request('GET', '/api/machines', { token: second.body.accessToken });
    expect(list.status).toBe(200);

    const again = await post('/auth/refresh', { refreshToken: first.refreshToken });
    expect(again).toMatchObject({ status: 401, body: { code: 'INVALID_TOKEN' } });
    // The second use ended the login, so what came of the first use ends too, and so do its access tokens.
    expect(await post('/auth/refresh', { refreshToken: second.body.refreshToken })).toMatchObject({ status: 401 });
    expect(await relay.request('GET', '/api/machines', { token: second.body.accessToken })).toMatchObject({
      status: 401,
    });
    expect(relay.changes).toContainEqual({
      type: 'logins_ended',
      userId: first.user.id,
      loginIds: [decodeJwt(first.refreshToken).sid],
    });
  });

  it('does not renew with an access token, or with nonsense: 401', async () => {
    const { accessToken } = await relay.person();
    for (const refreshToken of [accessToken, 'nonsense', '..', 'a.b.c']) {
      expect(await post('/auth/refresh', { refreshToken })).toMatchObject({
        status: 401,
        body: { code: 'INVALID_TOKEN' },
      });
    }
  });

  it('logs out: 204, twice if need be, and its tokens are worth nothing', async () => {
    const { refreshToken, accessToken } = await relay.person();
    expect(await post('/auth/logout', { refreshToken })).toMatchObject({ status: 204, body: undefined });
    expect(await post('/auth/logout', { refreshToken })).toMatchObject({ status: 204 });
    expect(await post('/auth/refresh', { refreshToken })).toMatchObject({ status: 401 });
    expect(await relay.request('GET', '/api/machines', { token: accessToken })).toMatchObject({ status: 401 });
  });

  it('never logs a password or a token', async () => {
    const { user, ...tokens } = await relay.person();
    await post('/auth/login', { email: user.email, password: 'another password' });
    await post('/auth/refresh', { refreshToken: tokens.refreshToken });
    const added = await relay.request<{ token: string }>('POST', '/api/machines', {
      token: tokens.accessToken,
      body: { name: 'box' },
    });
    const log = relay.log.join('');
    expect(log).toContain('/auth/login');
    for (const secret of [PASSWORD, 'another password', tokens.accessToken, tokens.refreshToken, added.body.token]) {
      expect(log).not.toContain(secret);
    }
  });
});

describe('registration', () => {
  it('is closed: 403', async () => {
    await using relay = await startHttpSide({ registration: 'closed' });
    const body = { email: 'ada@example.org', password: PASSWORD };
    expect(await relay.request('POST', '/auth/register', { body })).toMatchObject({
      status: 403,
      body: { code: 'REGISTRATION_CLOSED' },
    });
  });

  it('by invitation: the first user alone comes without', async () => {
    await using relay = await startHttpSide({ registration: 'invite' });
    await relay.person();
    const body = { email: 'second@example.org', password: PASSWORD };
    expect(await relay.request('POST', '/auth/register', { body })).toMatchObject({ status: 403 });
  });
});

it('takes as long to refuse an unknown address as a wrong password', async () => {
  // A cost at which the hash is nearly all of the time, so that a missing one would show.
  await using relay = await startHttpSide({ cost: { memoryCost: 19_456, timeCost: 2, parallelism: 1 } });
  const { user } = await relay.person();
  const time = async (email: string) => {
    const start = performance.now();
    const { status } = await relay.request('POST', '/auth/login', { body: { email, password: 'wrong password' } });
    expect(status).toBe(401);
    return performance.now() - start;
  };
  const known: number[] = [];
  const unknown: number[] = [];
  // Taken in turns, so that whatever else this machine does meets both.
  for (let i = 0; i < 15; i++) {
    known.push(await time(user.email));
    unknown.push(await time(`nobody-${i}@example.org`));
  }
  const median = (times: number[]) => times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!;
  const ratio = median(unknown) / median(known);
  expect(ratio).toBeGreaterThan(0.6);
  expect(ratio).toBeLessThan(1.6);
});
