// A user's machines over HTTP, and everybody who may not touch them, on both databases.
import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Added, type HttpSide, type LoggedIn, SECRET, startHttpSide } from './http-kit.ts';

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';
/** Every route that is about machines, with what it needs. */
const routes = (id: string): [Method, string, unknown?][] => [
  ['GET', '/api/machines'],
  ['POST', '/api/machines', { name: 'mine' }],
  ['PATCH', `/api/machines/${id}`, { name: 'mine' }],
  ['DELETE', `/api/machines/${id}`],
  ['POST', `/api/machines/${id}/token`],
];

describe.each(['postgres', 'embedded'] as const)('machines, on the %s database', (database) => {
  let relay: HttpSide;
  let owner: LoggedIn;
  beforeAll(async () => {
    relay = await startHttpSide({ database });
    owner = await relay.person();
  });
  afterAll(() => relay?.[Symbol.asyncDispose]());

  const add = (name: unknown, of = owner) =>
    relay.request<Added>('POST', '/api/machines', { token: of.accessToken, body: { name } });
  const names = async (of = owner) => {
    const { body } = await relay.request<{ machines: { name: string }[] }>('GET', '/api/machines', {
      token: of.accessToken,
    });
    return body.machines.map((machine) => machine.name);
  };

  it('are added: 201, with a token that is shown once', async () => {
    const { status, body } = await add('box');
    expect(status).toBe(201);
    expect(body).toEqual({
      machine: { id: expect.any(String), name: 'box', online: false, lastSeen: null, sessionCount: 0 },
      token: expect.stringMatching(/^hmt_[0-9a-f]{32}_[A-Za-z0-9_-]{43}$/),
    });
    const list = await relay.request('GET', '/api/machines', { token: owner.accessToken });
    expect(list.body).toEqual({ machines: [body.machine] });
  });

  it('are not added twice under one name: 400', async () => {
    await add('twice');
    expect(await add('twice')).toMatchObject({ status: 400, body: { code: 'DUPLICATE' } });
    expect(await add('twice', await relay.person())).toMatchObject({ status: 201 });
  });

  it.each(["'; DROP TABLE machines; --", '" onclick="', 'x'.repeat(64), '箱'.repeat(64), '🦀', 'a b', '-rf', '../..'])(
    'may be called %s',
    async (name) => {
      expect(await add(name)).toMatchObject({ status: 201, body: { machine: { name } } });
      expect(await names()).toContain(name);
    },
  );

  it.each([
    ['nothing', ''],
    ['a blank', ' '],
    ['a name with a blank at its end', 'box '],
    ['65 characters', 'x'.repeat(65)],
    ['an escape', 'a\u001b[31mb'],
    ['a line end', 'a\nb'],
    ['a zero', 'a\u0000b'],
    ['a C1 control', 'a\u009bb'],
    ['a mark that turns direction', 'a\u202eb'],
    ['half a character', 'a\ud800'],
    ['a number', 7],
    ['null', null],
    ['an object', { name: 'x' }],
    ['no name', undefined],
  ])('may not be called %s: 400', async (_, name) => {
    expect(await add(name)).toMatchObject({ status: 400, body: { code: 'VALIDATION' } });
  });

  it('show what presence says of them, and when they were seen before', async () => {
    const person = await relay.person();
    const [on, off] = [(await add('on', person)).body.machine, (await add('off', person)).body.machine];
    await relay.sql`update machines set last_seen = ${new Date(1_000)} where id in ${relay.sql([on.id, off.id])}`;
    relay.live.set(on.id, { online: true, lastSeen: 5_000, sessionCount: 3 });
    const { body } = await relay.request('GET', '/api/machines', { token: person.accessToken });
    expect(body).toEqual({
      machines: [
        { id: off.id, name: 'off', online: false, lastSeen: 1_000, sessionCount: 0 },
        { id: on.id, name: 'on', online: true, lastSeen: 5_000, sessionCount: 3 },
      ],
    });
  });

  it('are renamed, given a new token, and removed; and open sockets would hear of it', async () => {
    const person = await relay.person();
    const token = person.accessToken;
    const { machine, token: before } = (await add('first', person)).body;
    const url = `/api/machines/${machine.id}`;
    expect(await relay.request('PATCH', url, { token, body: { name: 'second' } })).toMatchObject({
      status: 200,
      body: { machine: { id: machine.id, name: 'second', online: false } },
    });
    await add('third', person);
    expect(await relay.request('PATCH', url, { token, body: { name: 'third' } })).toMatchObject({
      status: 400,
      body: { code: 'DUPLICATE' },
    });
    const rotated = await relay.request<Added>('POST', `${url}/token`, { token });
    expect(rotated).toMatchObject({ status: 200, body: { machine: { id: machine.id, name: 'second' } } });
    expect(rotated.body.token).not.toBe(before);
    expect(await relay.request('DELETE', url, { token })).toMatchObject({ status: 204, body: undefined });
    expect(await relay.request('DELETE', url, { token })).toMatchObject({ status: 404 });
    expect(await names(person)).toEqual(['third']);
    const about = { userId: person.user.id, machineId: machine.id };
    expect(relay.changes.filter((change) => 'machineId' in change && change.machineId === machine.id)).toEqual([
      { type: 'machine_renamed', ...about, name: 'second' },
      { type: 'machine_token_rotated', ...about },
      { type: 'machine_removed', ...about, sharedWith: [] },
    ]);
  });

  it('of somebody else do not exist, in every operation: 404', async () => {
    const { machine } = (await add('private')).body;
    const stranger = await relay.person();
    const before = relay.changes.length;
    for (const id of [machine.id, randomUUID(), 'nonsense', "' or 1=1 --", machine.id.toUpperCase()]) {
      for (const [method, url, body] of routes(encodeURIComponent(id)).slice(2)) {
        expect(await relay.request(method, url, { body, token: stranger.accessToken })).toMatchObject({
          status: 404,
          body: { code: 'MACHINE_NOT_FOUND' },
        });
      }
    }
    expect(await names(stranger)).toEqual([]);
    expect(await names()).toContain('private');
    expect(relay.changes).toHaveLength(before);
  });

  describe('are nothing to whoever comes', () => {
    const claims = () => ({ email: owner.user.email });
    const jwt = (over: Record<string, unknown>, exp: number | string = '10m') =>
      new SignJWT({ ...claims(), iss: 'hermit-relay', aud: 'hermit-client', sub: owner.user.id, ...over })
        .setProtectedHeader({ alg: 'HS256' })
        .setIssuedAt()
        .setExpirationTime(exp)
        .sign(new TextEncoder().encode(SECRET));
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const inTen = () => Math.floor(Date.now() / 1000) + 600;

    const callers: [string, string, () => Promise<string | undefined>][] = [
      ['without a token', 'NOT_AUTHENTICATED', async () => undefined],
      ['with an expired token', 'INVALID_TOKEN', () => jwt({}, Math.floor(Date.now() / 1000) - 1)],
      ['with a token for another audience', 'INVALID_TOKEN', () => jwt({ aud: 'hermit-agent' })],
      ['with a token of another issuer', 'INVALID_TOKEN', () => jwt({ iss: 'somebody' })],
      ['with a refresh token', 'INVALID_TOKEN', async () => owner.refreshToken],
      ['with a token that calls itself a refresh token', 'INVALID_TOKEN', () => jwt({ type: 'refresh' })],
      [
        'with a token of another secret',
        'INVALID_TOKEN',
        async () => `${(await jwt({})).split('.', 2).join('.')}.AAAA`,
      ],
      [
        'with alg none',
        'INVALID_TOKEN',
        async () =>
          `${part({ alg: 'none' })}.${part({ ...claims(), iss: 'hermit-relay', aud: 'hermit-client', sub: owner.user.id, iat: 0, exp: inTen() })}.`,
      ],
      ['as a user who is gone', 'USER_NOT_FOUND', () => jwt({ sub: randomUUID() })],
      ['with nonsense', 'INVALID_TOKEN', async () => 'nonsense'],
    ];
    it.each(callers)('%s: 401 %s', async (_, code, make) => {
      const { machine } = (await add(`box-${randomUUID()}`)).body;
      const token = await make();
      for (const [method, url, body] of routes(machine.id)) {
        const answer = await relay.request(method, url, { body, token });
        expect(answer).toMatchObject({ status: 401, body: { code }, headers: { 'www-authenticate': 'Bearer' } });
      }
    });

    it('while a good token without a login is good', async () => {
      expect(await relay.request('GET', '/api/machines', { token: await jwt({}) })).toMatchObject({ status: 200 });
    });

    it('and a body is not even looked at: 401, not 400', async () => {
      expect(await relay.request('POST', '/api/machines', { body: { name: '' } })).toMatchObject({ status: 401 });
    });

    it('with another scheme: 401', async () => {
      for (const authorization of ['Basic YTpi', owner.accessToken, 'Bearer', `Bearer ${owner.accessToken} x`]) {
        const { statusCode } = await relay.app.inject({ url: '/api/machines', headers: { authorization } });
        expect(statusCode).toBe(401);
      }
    });
  });
});

it('are at most so many for one user: 403', async () => {
  await using relay = await startHttpSide({ machinesPerUser: 2 });
  const { accessToken: token } = await relay.person();
  const add = (name: string) => relay.request('POST', '/api/machines', { token, body: { name } });
  expect([(await add('a')).status, (await add('b')).status]).toEqual([201, 201]);
  expect(await add('c')).toMatchObject({ status: 403, body: { code: 'MACHINE_LIMIT' } });
});

it('are not shown as offline when presence does not answer: 503', async () => {
  const presence = { machines: () => Promise.reject(new Error('Redis is away')) };
  await using relay = await startHttpSide({ presence });
  const { accessToken: token } = await relay.person();
  expect(await relay.request('GET', '/api/machines', { token })).toMatchObject({ status: 200, body: { machines: [] } });
  const { body } = await relay.request<Added>('POST', '/api/machines', { token, body: { name: 'box' } });
  expect(await relay.request('GET', '/api/machines', { token })).toMatchObject({
    status: 503,
    body: { code: 'UNAVAILABLE' },
    headers: { 'retry-after': '2' },
  });
  // A new token is shown once: it comes also now.
  expect(await relay.request('POST', `/api/machines/${body.machine.id}/token`, { token })).toMatchObject({
    status: 200,
    body: { token: expect.stringMatching(/^hmt_/) },
  });
});
