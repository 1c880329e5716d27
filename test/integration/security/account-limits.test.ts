// What one account may do how often: counted by all pods together, from wherever; others are not stopped.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RuleName } from '../../../services/relay/src/limits/rules.ts';
import { fresh, from, leave, refused } from './limits-kit.ts';
import { HandAgent, type Person, type Relays, startRelays } from './relay-kit.ts';

let relays: Relays;
beforeAll(async () => {
  relays = await startRelays({ pods: 2, env: { TRUST_PROXY: 'loopback' } });
});
afterAll(() => relays?.[Symbol.asyncDispose]());

type Asked = { rule: RuleName; method: string; path: string; body?: () => object };
const SESSION = `sessions/${randomUUID()}`;
/** `:id` is a machine of whoever asks. */
const ASKED: readonly Asked[] = [
  { rule: 'api', method: 'GET', path: '/api/me' },
  { rule: 'enrol', method: 'POST', path: '/api/machines', body: () => ({ name: randomUUID() }) },
  { rule: 'enrol', method: 'POST', path: '/api/machines/:id/token' },
  { rule: 'share', method: 'POST', path: `/api/machines/:id/${SESSION}/shares`, body: () => ({ role: 'viewer' }) },
  { rule: 'code', method: 'POST', path: '/api/shares', body: () => ({ token: 'unknown' }) },
  { rule: 'code', method: 'GET', path: '/api/device/BCDF-GHJK' },
  { rule: 'code', method: 'POST', path: '/api/device/approve', body: () => ({ code: 'BCDF-GHJK' }) },
  { rule: 'password', method: 'POST', path: '/api/password', body: () => ({ current: 'wrong', next: 'long enough' }) },
  { rule: 'invite', method: 'POST', path: '/api/invites', body: () => ({}) },
];

it.each(ASKED)('$rule: $method $path', async ({ rule, method, path, body }) => {
  const ask = async (pod: number, { accessToken: token, machine }: Person & { machine: string }) =>
    relays.pod(pod).call(method, path.replace(':id', machine), {
      ...{ token, headers: from(fresh()) },
      ...(body ? { body: body() } : {}),
    });
  const someone = async () => {
    const person = await relays.person();
    if (rule === 'invite') await relays.sql`update users set administrator = true where id = ${person.id}`;
    return { ...person, machine: (await relays.machine(person)).id };
  };
  const [person, other] = [await someone(), await someone()];
  const { status } = await ask(0, person);
  expect(status).not.toBe(429);
  await leave(2, rule, person.id);
  for (const pod of [0, 1]) expect((await ask(pod, person)).status).toBe(status);
  for (const pod of [0, 1]) refused(await ask(pod, person));
  expect((await ask(1, other)).status).toBe(status);
});

it('introductions of the clients of one user', async () => {
  const [person, other] = [await relays.person(), await relays.person()];
  await relays.client(0, person.accessToken);
  await leave(1, 'client', person.id);
  await relays.client(1, person.accessToken);
  for (const pod of [0, 1]) {
    const client = await relays.client(pod, null);
    client.send({ type: 'auth', token: person.accessToken });
    expect(await client.heard('error')).toMatchObject({ code: 'RATE_LIMITED' });
  }
  await relays.client(0, other.accessToken);
});

it('introductions of the agents of one machine', async () => {
  const person = await relays.person();
  const [machine, other] = [await relays.machine(person), await relays.machine(person)];
  await relays.agent(0, machine);
  await leave(1, 'agent', machine.id);
  const last = await relays.agent(1, machine);
  for (const pod of [0, 1]) {
    const agent = relays.use(await HandAgent.open(`${relays.pod(pod).url}/ws/agent`));
    expect(await agent.register(machine)).toMatchObject({ success: false, error: { code: 'RATE_LIMITED' } });
  }
  expect(last.closed).toBeNull();
  await relays.agent(0, other);
});
