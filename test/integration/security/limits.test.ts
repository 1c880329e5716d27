// What one address and one socket may do, and who guesses, counted by all pods together; and what is said when it is too much.
import { randomUUID } from 'node:crypto';
import { inputFrame, LIMITS, uuidBytes } from '@hermit/protocol';
import { systemClock } from '@hermit/transport';
import type { RouteOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { httpRoutes } from '../../../services/relay/src/http/http-routes.ts';
import { createHttpServer } from '../../../services/relay/src/http/http-server.ts';
import { addressOf } from '../../../services/relay/src/limits/request-limits.ts';
import { RULES } from '../../../services/relay/src/limits/rules.ts';
import { Admission } from '../../../services/relay/src/sockets/admission.ts';
import { websocketRoutes } from '../../../services/relay/src/sockets/websocket-routes.ts';
import { until } from '../kit/wait.ts';
import { fresh, from, leave, refused } from './limits-kit.ts';
import { dial, HandClient, PASSWORD, type Relays, startRelays } from './relay-kit.ts';

const FLOOD = 4007;
/** Answered from this process alone, or from a memory of one second: whoever asks costs nothing. */
const CHEAP = ['/health', '/livez', '/readyz', '/documentation/json'];

it('every route that anybody may ask has a rule', async () => {
  const http = await createHttpServer({ trustProxy: false });
  const routes: RouteOptions[] = [];
  http.addHook('onRoute', (route) => {
    routes.push(route);
  });
  await httpRoutes(http, {} as Parameters<typeof httpRoutes>[1]);
  await websocketRoutes(http, { admission: new Admission(systemClock) } as Parameters<typeof websocketRoutes>[1]);
  await http.close();
  const open = routes.filter(({ method, url, schema, config }) => {
    const { security, hide } = (schema ?? {}) as { security?: unknown; hide?: boolean };
    const file = hide === true && [method].flat().every((each) => each === 'GET' || each === 'HEAD');
    return security === undefined && !CHEAP.includes(url) && !(file && !url.startsWith('/ws/')) && !ruleOf(config);
  });
  expect(open.map(({ method, url }) => `${method} ${url}`)).toEqual([]);
  const ruled = new Set(routes.map(({ config }) => ruleOf(config)));
  for (const rule of ['register', 'login', 'refresh', 'device', 'outcome', 'upgrade']) expect(ruled).toContain(rule);
});
const ruleOf = (config: unknown) => (config as { rateLimit?: { groupId?: string } } | undefined)?.rateLimit?.groupId;

describe('on two pods behind a proxy', () => {
  let relays: Relays;
  beforeAll(async () => {
    relays = await startRelays({ pods: 2, env: { TRUST_PROXY: 'loopback' } });
  });
  afterAll(() => relays?.[Symbol.asyncDispose]());
  const login = (pod: number, address: string, email: string, password: string) =>
    relays.pod(pod).call('POST', '/auth/login', { body: { email, password }, headers: from(address) });

  it('sockets that have not introduced themselves are bounded by address: others have room', async () => {
    const { strangers } = relays.pod(0).app.pod;
    // So many real ones would take seconds: they are made believe.
    const made = Array.from({ length: LIMITS.strangers / 2 }, () => ({}) as Parameters<typeof strangers.delete>[0]);
    for (const link of made) strangers.add(link, addressOf({ ip: '2001:db8:1:2::9' }));
    try {
      const url = `${relays.pod(0).url}/ws/client`;
      await expect(HandClient.open(url, from('2001:db8:1:2:3:4:5:6'))).rejects.toThrow('503');
      relays.use(await HandClient.open(url, from('2001:db8:1:3:3:4:5:6')));
    } finally {
      for (const link of made) strangers.delete(link);
    }
  });

  it('somebody who guesses one password is stopped, on both pods; its owner elsewhere is not', async () => {
    const person = await relays.person();
    const [guesser, home] = [fresh(), fresh()];
    const statuses: number[] = [];
    for (let i = 0; i < RULES.guess.most; i++) {
      statuses.push((await login(i % 2, guesser, person.email, `wrong ${i}`)).status);
    }
    expect(statuses).toEqual(Array(RULES.guess.most).fill(401));
    for (const pod of [0, 1]) refused(await login(pod, guesser, person.email.toUpperCase(), PASSWORD));
    expect((await login(0, home, person.email, PASSWORD)).status).toBe(200);
    // Another account from there is not stopped by this one.
    const other = await relays.person();
    expect((await login(1, guesser, other.email, PASSWORD)).status).toBe(200);
  });

  it('somebody who guesses from everywhere shuts out nobody from where they are logged in', async () => {
    const person = await relays.person();
    const home = fresh();
    expect((await login(0, home, person.email, PASSWORD)).status).toBe(200);
    expect((await login(1, fresh(), person.email, 'wrong')).status).toBe(401);
    await leave(0, 'guesses', person.email);
    refused(await login(0, fresh(), person.email, PASSWORD));
    expect((await login(1, home, person.email, PASSWORD)).status).toBe(200);
  });

  it('a right password begins the count anew', async () => {
    const person = await relays.person();
    const address = fresh();
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 5; i++) expect((await login(i % 2, address, person.email, 'wrong')).status).toBe(401);
      expect((await login(round % 2, address, person.email, PASSWORD)).status).toBe(200);
    }
  });

  it('an unknown address is answered like a known one, also when it is too much', async () => {
    const address = fresh();
    const email = `${randomUUID()}@example.org`;
    for (let i = 0; i < RULES.guess.most; i++) expect((await login(0, address, email, 'wrong')).status).toBe(401);
    refused(await login(1, address, email, 'wrong'));
  });

  it.each([
    ['/auth/login', RULES.login.most, { email: 'x' }],
    ['/auth/register', RULES.register.most, { email: 'no address', password: '' }],
    ['/auth/device', RULES.device.most, { machineName: '' }],
    ['/auth/refresh', RULES.refresh.most, { refreshToken: '' }],
  ] as const)('%s is limited by address: %i', async (path, most, body) => {
    const [address, other] = [fresh(), fresh()];
    const call = (i: number, by: string) => relays.pod(i % 2).call('POST', path, { body, headers: from(by) });
    const answers = await Promise.all(Array.from({ length: most + 10 }, (_, i) => call(i, address)));
    const many = answers.filter(({ status }) => status === 429);
    expect(many).toHaveLength(10);
    for (const answer of many) refused(answer);
    expect((await call(0, other)).status).not.toBe(429);
  });

  it('one login is renewed so often and no more, by both pods; another of the same user is not stopped', async () => {
    const person = await relays.person();
    const address = fresh();
    const renew = (pod: number, refreshToken: string) =>
      relays
        .pod(pod)
        .call<{ refreshToken: string }>('POST', '/auth/refresh', { body: { refreshToken }, headers: from(address) });
    let { refreshToken } = person;
    for (let i = 0; i < RULES.renew.most; i++) {
      const answer = await renew(i % 2, refreshToken);
      expect(answer.status).toBe(200);
      ({ refreshToken } = answer.body);
    }
    for (const pod of [0, 1]) refused(await renew(pod, refreshToken));
    const other = await relays.pod(0).call<{ refreshToken: string }>('POST', '/auth/login', {
      body: { email: person.email, password: PASSWORD },
      headers: from(address),
    });
    expect((await renew(1, other.body.refreshToken)).status).toBe(200);
  });

  it('an IPv6 customer is one address, however many they have', async () => {
    const call = (i: number) =>
      relays.pod(i % 2).call('POST', '/auth/device', {
        body: { machineName: '' },
        headers: from(`2001:db8:7:${1}::${i.toString(16)}`),
      });
    const answers = await Promise.all(Array.from({ length: RULES.device.most + 5 }, (_, i) => call(i)));
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(5);
  });

  it('sockets without a token are let no further, on both pods, and those with one elsewhere are', async () => {
    const [intruder, home] = [fresh(), fresh()];
    // As many as the rule allows have come before.
    for (let i = 0; i < RULES.intruder.most - 1; i++) relays.pod(i % 2).app.pod.observer.intruder?.(intruder);
    const client = relays.use(await HandClient.open(`${relays.pod(0).url}/ws/client`, from(intruder)));
    client.send({ type: 'auth', token: 'nonsense' });
    expect(await client.heard('error')).toMatchObject({ code: 'INVALID_TOKEN' });
    expect(await client.closedWith()).toBe(4002);
    for (const pod of [0, 1]) {
      for (const path of ['/ws/client', '/ws/agent']) {
        const answer = () =>
          dial(`${relays.pod(pod).url}${path}`, from(intruder)).then(
            (ws) => ws.terminate(),
            (error) => error as { status: number; headers: Record<string, string> },
          );
        const refusal = await until('the count has arrived', async () => (await answer()) || undefined);
        expect(refusal).toMatchObject({ status: 429, headers: { 'retry-after': expect.stringMatching(/^\d+$/) } });
        (await dial(`${relays.pod(pod).url}${path}`, from(home))).terminate();
      }
    }
  });
});

it('trusts no proxy that is not named: what it says of addresses changes nothing', async () => {
  await using relays = await startRelays({ embedded: true });
  const call = (i: number) =>
    relays.pod(0).call('POST', '/auth/device', { body: { machineName: '' }, headers: from(`203.0.113.${i % 250}`) });
  const answers = await Promise.all(Array.from({ length: RULES.device.most + 3 }, (_, i) => call(i)));
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(3);
});

it('has no limits where they are switched off', async () => {
  await using relays = await startRelays({ embedded: true, env: { RATE_LIMITS: '0' } });
  const call = () => relays.pod(0).call('POST', '/auth/device', { body: { machineName: '' } });
  const answers = await Promise.all(Array.from({ length: RULES.device.most + 20 }, call));
  expect(answers.every(({ status }) => status === 400)).toBe(true);
});

describe('one socket', () => {
  let relays: Relays;
  beforeAll(async () => {
    relays = await startRelays({ embedded: true });
  });
  afterAll(() => relays?.[Symbol.asyncDispose]());

  it('that floods is told so, closed, and nobody else feels it', async () => {
    const person = await relays.person();
    const [flooding, quiet] = [await relays.client(0, person.accessToken), await relays.client(0, person.accessToken)];
    for (let i = 0; i < 600; i++) flooding.send({ type: 'ping' });
    expect(await flooding.heard('error')).toMatchObject({ code: 'RATE_LIMITED' });
    expect(await flooding.closedWith()).toBe(FLOOD);
    quiet.send({ type: 'list_machines' });
    await quiet.heard('machines');
  });

  it('that floods with frames is closed as well', async () => {
    const person = await relays.person();
    const client = await relays.client(0, person.accessToken, 'binary');
    const id = uuidBytes(randomUUID());
    const frame = inputFrame(id, id, 1, 0, Buffer.from('x'), false);
    const flood = () => {
      for (let i = 0; i < 10_000 && client.closed === null; i++) client.ws.send(frame);
      return client.closed !== null;
    };
    await until('the flood is stopped', flood, 30_000);
    expect(client.closed?.code).toBe(FLOOD);
  });

  it('of an agent that floods is closed, too', async () => {
    const person = await relays.person();
    const agent = await relays.agent(0, await relays.machine(person));
    const flood = () => {
      // A little at a time: behind much more the answer would not be heard.
      for (let i = 0; i < 1_000 && agent.closed === null; i++) agent.send('{"type":"ping"}');
      return agent.closed !== null;
    };
    await until('the flood is stopped', flood, 30_000);
    expect(agent.closed?.code).toBe(FLOOD);
  });

  it('of an agent may tell a thousand times what runs: a few of them are told on, the last one among them', async () => {
    const person = await relays.person();
    const agent = await relays.agent(0, await relays.machine(person));
    const client = await relays.client(0, person.accessToken);
    const { counters } = relays.pod(0).app.pod;
    agent.session();
    const before = counters.published;
    const sessions = [...agent.sessions.values()];
    for (let i = 0; i < 999; i++) agent.send({ type: 'sessions', sessions: [], attachments: [] });
    agent.send({ type: 'sessions', sessions, attachments: [] });
    await client.heard('machine_changed', ({ machine }) => machine.sessionCount === 1);
    expect(counters.published - before).toBeLessThan(100);
  });

  it('counts with the others of its user where the database is asked; those of others go on', async () => {
    const [person, other] = [await relays.person(), await relays.person()];
    const sockets = await Promise.all(Array.from({ length: 3 }, () => relays.client(0, person.accessToken)));
    for (const socket of sockets)
      for (let i = 0; i < 300; i++) socket.send({ type: 'list_machines', requestId: `${i}` });
    await Promise.any(sockets.map((socket) => socket.heard('error', ({ code }) => code === 'RATE_LIMITED', 20_000)));
    const client = await relays.client(0, other.accessToken);
    client.send({ type: 'list_machines' });
    await client.heard('machines');
  });

  it('has a bounded number of attachments', async () => {
    const person = await relays.person();
    const machine = await relays.machine(person);
    const agent = await relays.agent(0, machine);
    const client = await relays.client(0, person.accessToken);
    for (let i = 0; i < LIMITS.attachmentsPerSocket; i++) {
      expect(await client.attach(machine.id, agent.session())).toMatchObject({ type: 'attached' });
    }
    expect(await client.attach(machine.id, agent.session())).toMatchObject({ code: 'ATTACHMENT_LIMIT' });
  });

  it('of a user is one of a bounded number; those of others are not counted', async () => {
    const [person, other] = [await relays.person(), await relays.person()];
    // All of them at once would take seconds: as many as may be are made believe.
    const { pod } = relays.pod(0).app;
    const first = await relays.client(0, person.accessToken);
    const real = pod.users.socketsOf.bind(pod.users);
    const counted = vi.spyOn(pod.users, 'socketsOf').mockImplementation((userId) => {
      return real(userId) + (userId === person.id ? LIMITS.socketsPerUser - 2 : 0);
    });
    try {
      await relays.client(0, person.accessToken);
      const tooMany = await relays.client(0, null);
      tooMany.send({ type: 'auth', token: person.accessToken });
      expect(await tooMany.heard('error')).toMatchObject({ code: 'RATE_LIMITED' });
      expect(await tooMany.closedWith()).toBe(FLOOD);
      await relays.client(0, other.accessToken);
      first.ws.terminate();
      await until('it is forgotten', () => real(person.id) === 1);
      await relays.client(0, person.accessToken);
    } finally {
      counted.mockRestore();
    }
  });

  it('that says nothing is closed', async () => {
    const silent = [
      relays.use(await HandClient.open(`${relays.pod(0).url}/ws/client`)),
      relays.use(await HandClient.open(`${relays.pod(0).url}/ws/agent`)),
    ];
    expect(relays.pod(0).app.pod.strangers.size).toBeGreaterThanOrEqual(2);
    for (const socket of silent) expect(await socket.closedWith(LIMITS.introduction + 5_000)).toBe(4001);
    await until('they are forgotten', () => relays.pod(0).app.pod.strangers.size === 0);
  });
});
