// What the audit says of attempts that failed or were repeated: enough to see an attack, and nothing that is not so.
import { randomUUID } from 'node:crypto';
import type { SessionInfo } from '@hermit/protocol';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../kit/wait.ts';
import { PASSWORD, type Relays, startRelays } from './relay-kit.ts';

let relays: Relays;
beforeAll(async () => {
  relays = await startRelays({ embedded: true });
});
afterAll(() => relays?.[Symbol.asyncDispose]());

type Entry = { action: string; sessionId: string | null; details: Record<string, unknown> };
const call = <T = Record<string, unknown>>(method: string, path: string, options = {}) =>
  relays.pod(0).call<T>(method, path, options);
async function auditOf(token: string, enough: (entries: Entry[]) => boolean): Promise<Entry[]> {
  let entries: Entry[] = [];
  await until(`the audit says so`, async () => {
    entries = (await call<{ entries: Entry[] }>('GET', '/api/audit?limit=100', { token })).body.entries;
    return enough(entries);
  });
  return entries.reverse();
}

it('names wrong passwords, tokens used twice and machines replaced, and a log-out once', async () => {
  const person = await relays.person();
  const { email, refreshToken } = person;
  const machine = await relays.machine(person);
  const token = person.accessToken;
  await call('POST', '/api/password', { token, body: { current: 'wrong', next: 'long enough' } });
  await call('POST', '/api/sign-in-links', { token, body: { password: 'wrong' } });
  type Begun = { code: string; secret: string };
  const { body } = await call<Begun>('POST', '/auth/device', { body: { machineName: machine.name } });
  await call('POST', '/api/device/approve', { token, body: { code: body.code, replace: true } });
  await call('POST', '/auth/device/outcome', { body: { secret: body.secret } });
  const login = () =>
    call<{ accessToken: string; refreshToken: string }>('POST', '/auth/login', { body: { email, password: PASSWORD } });
  const other = (await login()).body;
  for (let i = 0; i < 2; i++) await call('POST', '/auth/logout', { body: { refreshToken: other.refreshToken } });
  for (let i = 0; i < 2; i++) await call('POST', '/auth/refresh', { body: { refreshToken } });
  const last = (await login()).body;
  const entries = await auditOf(last.accessToken, (all) => all.filter(({ action }) => action === 'login').length === 2);
  expect(entries.map(({ action }) => action)).toEqual([
    ...['registered', 'machine_added', 'password_refused', 'password_refused', 'device_approved'],
    ...['machine_token_replaced', 'login', 'logout', 'login_reused', 'login'],
  ]);
});

it('says where somebody who sees a screen began', async () => {
  const person = await relays.person();
  const machine = await relays.machine(person);
  const agent = await relays.agent(0, machine);
  const sessionId = agent.session();
  const client = await relays.client(0, person.accessToken, 'binary');
  expect(await client.attach(machine.id, sessionId, { mode: 'screen' })).toMatchObject({ type: 'attached' });
  const entries = await auditOf(person.accessToken, (all) => all.some(({ action }) => action === 'attached'));
  expect(entries.find(({ action }) => action === 'attached')).toMatchObject({ sessionId, details: { offset: 0 } });
});

it('shows of a session what its own machine says, and of who looks only those who may', async () => {
  const [honest, thief, friend] = [await relays.person(), await relays.person(), await relays.person()];
  const machines = [await relays.machine(honest), await relays.machine(thief)] as const;
  const agents = [await relays.agent(0, machines[0]), await relays.agent(0, machines[1])] as const;
  const sessionId = agents[0].session();
  const session = agents[0].sessions.get(sessionId) as SessionInfo;
  agents[0].send({ type: 'sessions', sessions: [session], attachments: [] });
  const own = agents[1].session();
  const shared = [
    [honest, machines[0], sessionId],
    [thief, machines[1], own],
  ] as const;
  for (const [{ accessToken: token }, { id }, of] of shared) {
    const body = { email: friend.email, role: 'viewer' };
    expect((await call('POST', `/api/machines/${id}/sessions/${of}/shares`, { token, body })).status).toBe(201);
  }
  const looking = { sessionId: own, pod: 'p', since: 0, readOnly: false };
  const attachments = [honest, thief, friend].map(({ id: userId }) => ({ id: randomUUID(), userId, ...looking }));
  const sessions = [...agents[1].sessions.values(), { ...session, name: 'spoofed' }];
  agents[1].send({ type: 'sessions', sessions, attachments });

  const path = `/api/machines/${machines[1].id}/sessions/${own}/attachments`;
  type Lookers = { attachments: { email: string }[] };
  const lookers = await until('they are told', async () => {
    const { body } = await call<Lookers>('GET', path, { token: thief.accessToken });
    return body.attachments.length === 3 && body.attachments;
  });
  expect(lookers.map(({ email }) => email).sort()).toEqual(['', friend.email, thief.email].sort());
  type Received = { received: { machineId: string; session: { name: string } | null }[] };
  const { received } = (await call<Received>('GET', '/api/shares', { token: friend.accessToken })).body;
  expect(received.find(({ machineId }) => machineId === machines[0].id)?.session?.name).toBe('sh');
});
