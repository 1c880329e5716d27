// A shared session: who may do what with it, and how fast the right ends, on two pods.
import { randomUUID } from 'node:crypto';
import { inputFrame, outputFrame, uuidBytes } from '@hermit/protocol';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { report } from '../kit/measured.ts';
import { until } from '../kit/wait.ts';
import { type HandAgent, type HandClient, type Person, type Relays, startRelays } from './relay-kit.ts';

const SECOND = 1_000;
const SIZE = { cols: 100, rows: 40 };

/** Since the request that revoked it was sent. */
function within(what: string, start: number): void {
  const elapsed = performance.now() - start;
  report(`revocation reaches both pods: ${what}`, [elapsed], 'ms');
  expect(elapsed).toBeLessThan(SECOND);
}

describe('a shared session', () => {
  let relays: Relays;
  let owner: Person;
  let guest: Person;
  let machine: { id: string; name: string; token: string };
  let agent: HandAgent;
  let sessionId: string;

  beforeAll(async () => {
    relays = await startRelays({ pods: 2 });
    owner = await relays.person();
    machine = await relays.machine(owner);
    agent = await relays.agent(0, machine);
  });
  afterAll(() => relays?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    sessionId = agent.session();
    guest = await relays.person();
  });

  type Shared = { share: { id: string }; token?: string };
  const path = () => `/api/machines/${machine.id}/sessions/${sessionId}/shares`;
  const share = async (body: Record<string, unknown>) => {
    const answer = await relays.pod(1).call<Shared>('POST', path(), { token: owner.accessToken, body });
    expect(answer.status).toBe(201);
    return answer.body;
  };
  const withdraw = async (id: string) =>
    expect((await relays.pod(1).call('DELETE', `${path()}/${id}`, { token: owner.accessToken })).status).toBe(204);
  const attached = async (client: HandClient, over: Record<string, unknown> = {}) => {
    const answer = await client.attach(machine.id, sessionId, over);
    expect(answer).toMatchObject({ type: 'attached' });
    return answer as Extract<typeof answer, { type: 'attached' }>;
  };
  const typed = () => Buffer.concat(agent.inputsOf(sessionId).map((frame) => frame.subarray(48))).toString();

  it.each([0, 1])('is looked at by a viewer on pod %i, who never types or resizes', async (pod) => {
    await share({ email: guest.email, role: 'viewer' });
    const client = await relays.client(pod, guest.accessToken);
    expect(await attached(client, SIZE)).toMatchObject({ readOnly: true });
    expect(agent.attached.at(-1)).toMatchObject({ userId: guest.id, readOnly: true });
    const said = agent.messages.length;
    for (const message of [
      { type: 'data', sessionId, data: Buffer.from('rm -rf ~\r').toString('base64') },
      { type: 'resize', sessionId, ...SIZE },
      { type: 'drive', sessionId },
      { type: 'set_size_policy', sessionId, sizePolicy: 'fixed', ...SIZE },
    ]) {
      client.send(message);
      expect(await client.heard('error')).toMatchObject({ code: 'READ_ONLY', sessionId });
    }
    client.send({ type: 'kill_session', machineId: machine.id, sessionId });
    expect(await client.heard('error')).toMatchObject({ code: 'FORBIDDEN' });
    for (const type of ['list_sessions', 'create_session']) {
      client.send({ type, machineId: machine.id });
      expect(await client.heard('error')).toMatchObject({ code: 'MACHINE_NOT_FOUND' });
    }
    expect(typed()).toBe('');
    expect(agent.messages.slice(said).filter((m) => !['ping', 'attach', 'tip_request'].includes(m.type))).toEqual([]);
  });

  it('takes no frame of a viewer as input, on either pod', async () => {
    await share({ email: guest.email, role: 'viewer' });
    for (const pod of [0, 1]) {
      const client = await relays.client(pod, guest.accessToken, 'binary');
      const { clientId, attempt } = await attached(client);
      client.ws.send(inputFrame(uuidBytes(sessionId), uuidBytes(clientId), attempt, 0, Buffer.from('whoami\r'), false));
      expect(await client.heard('error')).toMatchObject({ code: 'READ_ONLY' });
      // Under another attachment's name, it has no effect at all.
      client.ws.send(inputFrame(uuidBytes(sessionId), uuidBytes(randomUUID()), 1, 0, Buffer.from('whoami\r'), false));
      client.send({ type: 'ping' });
      await client.heard('pong');
    }
    expect(typed()).toBe('');
  });

  it('is driven by a driver, who may not do more', async () => {
    await share({ email: guest.email, role: 'driver' });
    const client = await relays.client(1, guest.accessToken);
    expect(await attached(client)).toMatchObject({ readOnly: false });
    client.send({ type: 'data', sessionId, data: Buffer.from('ls\r').toString('base64') });
    await until('the input arrives', () => typed() === 'ls\r');
    client.send({ type: 'resize', sessionId, ...SIZE });
    await agent.heard('resize', (m) => m.sessionId === sessionId);
    client.send({ type: 'kill_session', machineId: machine.id, sessionId });
    expect(await client.heard('error')).toMatchObject({ code: 'FORBIDDEN' });
    expect(await client.attach(machine.id, agent.session())).toMatchObject({
      type: 'error',
      code: 'MACHINE_NOT_FOUND',
    });
  });

  it('is left by its viewers on every pod within a second when the share is withdrawn', async () => {
    const { share: made } = await share({ email: guest.email, role: 'driver' });
    const clients = [await relays.client(0, guest.accessToken), await relays.client(1, guest.accessToken)];
    for (const client of clients) await attached(client);
    const mine = await relays.client(0, owner.accessToken);
    await attached(mine);
    const start = performance.now();
    await withdraw(made.id);
    for (const client of clients)
      expect(await client.heard('detached')).toMatchObject({ code: 'FORBIDDEN', sessionId });
    within('a share that is withdrawn', start);
    await until('the agent forgets both', () => agent.messages.filter((m) => m.type === 'detach').length >= 2);
    for (const client of clients) {
      client.send({ type: 'data', sessionId, data: 'eA==' });
      expect(await client.heard('error')).toMatchObject({ code: 'NOT_ATTACHED' });
      expect(await client.attach(machine.id, sessionId)).toMatchObject({ code: 'MACHINE_NOT_FOUND' });
    }
    expect(typed()).toBe('');
    expect(mine.messages.filter((m) => m.type === 'detached')).toEqual([]);
  });

  it('is left when the time of the share is over', async () => {
    const { share: made } = await share({ email: guest.email, role: 'viewer' });
    const end = Date.now() + 1_500;
    await relays.sql`update shares set expires_at = ${new Date(end)} where id = ${made.id}`;
    const clients = [await relays.client(0, guest.accessToken), await relays.client(1, guest.accessToken)];
    for (const client of clients) await attached(client);
    for (const client of clients) await client.heard('detached', (m) => m.code === 'FORBIDDEN', 4_000);
    expect(Date.now()).toBeGreaterThanOrEqual(end);
    expect(Date.now()).toBeLessThan(end + SECOND);
  });

  it('goes on under another role: a driver who becomes a viewer attaches anew, and types no more', async () => {
    await share({ email: guest.email, role: 'driver' });
    const client = await relays.client(1, guest.accessToken, 'binary');
    const { clientId } = await attached(client);
    await share({ email: guest.email, role: 'viewer' });
    expect(await client.heard('unknown_attachment', () => true, SECOND)).toMatchObject({ clientId, attempt: 1 });
    expect(await attached(client, { clientId, attempt: 2 })).toMatchObject({ readOnly: true });
    await share({ email: guest.email, role: 'driver' });
    await client.heard('unknown_attachment', (m) => m.attempt === 2, SECOND);
    expect(await attached(client, { clientId, attempt: 3 })).toMatchObject({ readOnly: false });
  });

  it('by a link is for whoever accepts it, and all of them leave with it', async () => {
    const { share: link, token } = await share({ role: 'viewer' });
    const others = [guest, await relays.person()];
    const clients: HandClient[] = [];
    for (const [pod, person] of others.entries()) {
      const accepted = await relays
        .pod(pod)
        .call('POST', '/api/shares', { token: person.accessToken, body: { token } });
      expect(accepted).toMatchObject({ status: 201, body: { share: { sessionId, role: 'viewer', session: null } } });
      const client = await relays.client(pod, person.accessToken);
      await attached(client);
      clients.push(client);
    }
    const start = performance.now();
    await withdraw(link.id);
    for (const client of clients) await client.heard('detached', (m) => m.code === 'FORBIDDEN');
    within('a link that is withdrawn', start);
  });

  it('tells who looks and who drives, and the owner reads later who it was', async () => {
    await share({ email: guest.email, role: 'driver' });
    const client = await relays.client(1, guest.accessToken);
    const { clientId } = await attached(client);
    const about = { id: clientId, sessionId, userId: guest.id, pod: 'pod-1', since: Date.now(), readOnly: false };
    agent.send({ type: 'sessions', sessions: [...agent.sessions.values()], attachments: [about] });
    agent.send({ type: 'tip', sessionId, end: 0, ...SIZE, sizePolicy: 'latest', driver: clientId, positions: {} });
    expect(await client.heard('tip')).toMatchObject({ driver: clientId });
    type Lookers = { attachments: { id: string; email: string; readOnly: boolean }[] };
    const url = path().replace('/shares', '/attachments');
    const seen = await until('presence shows it', async () => {
      const { body } = await relays.pod(0).call<Lookers>('GET', url, { token: guest.accessToken });
      return body.attachments[0];
    });
    expect(seen).toMatchObject({ id: clientId, email: guest.email, readOnly: false });

    const size = { cols: SIZE.cols, rows: SIZE.rows };
    agent.ws.send(outputFrame(uuidBytes(sessionId), 0, size, 11, null).fill(0x68, -11));
    await client.heard('data');
    client.send({ type: 'detach', sessionId });
    await client.heard('detached');
    // A second look: from the twelfth byte, until the agent no longer has the session.
    const second = await attached(client, { from: 11 });
    agent.sessions.delete(sessionId);
    agent.send({ type: 'unknown_attachment', sessionId, clientId: second.clientId, attempt: 1 });
    expect(await client.heard('error')).toMatchObject({ code: 'SESSION_NOT_FOUND' });
    type Entry = { action: string; sessionId: string; actorEmail: string; address: string; details: unknown };
    const entries = await until('the audit has it', async () => {
      const { body } = await relays
        .pod(0)
        .call<{ entries: Entry[] }>('GET', '/api/audit', { token: owner.accessToken });
      const here = body.entries.filter((entry) => entry.sessionId === sessionId);
      return here.filter(({ action }) => action === 'detached').length === 2 && here;
    });
    const by = { actorEmail: guest.email, address: '127.0.0.1', sessionId };
    expect(entries).toMatchObject([
      { action: 'detached', ...by, details: { readOnly: false, offset: 11 } },
      { action: 'attached', ...by, details: { readOnly: false, offset: 11 } },
      { action: 'detached', ...by, details: { readOnly: false, offset: 11 } },
      { action: 'attached', ...by, details: { readOnly: false, offset: 0 } },
      { action: 'shared', actorEmail: owner.email, details: { with: guest.email, role: 'driver' } },
    ]);
  });

  it('stays where another share still holds', async () => {
    const { token } = await share({ role: 'viewer' });
    const { share: direct } = await share({ email: guest.email, role: 'viewer' });
    await relays.pod(0).call('POST', '/api/shares', { token: guest.accessToken, body: { token } });
    const client = await relays.client(1, guest.accessToken);
    await attached(client);
    await withdraw(direct.id);
    client.send({ type: 'resize', sessionId, ...SIZE });
    expect(await client.heard('error')).toMatchObject({ code: 'READ_ONLY' });
    expect(client.messages.filter((m) => m.type === 'detached')).toEqual([]);
  });

  it('is left when its machine is removed, by owner and guest alike, and the agent is let go', async () => {
    const other = await relays.machine(owner);
    const its = await relays.agent(1, other);
    sessionId = its.session();
    const body = { email: guest.email, role: 'viewer' };
    const url = `/api/machines/${other.id}/sessions/${sessionId}/shares`;
    expect((await relays.pod(0).call('POST', url, { token: owner.accessToken, body })).status).toBe(201);
    const clients = [await relays.client(0, owner.accessToken), await relays.client(1, guest.accessToken)];
    for (const client of clients) {
      expect(await client.attach(other.id, sessionId)).toMatchObject({ type: 'attached' });
    }
    const start = performance.now();
    await relays.pod(0).call('DELETE', `/api/machines/${other.id}`, { token: owner.accessToken });
    for (const client of clients) await client.heard('detached', (m) => m.code === 'FORBIDDEN');
    expect(await its.closedWith()).toBe(4008);
    within('a machine that is removed', start);
  });
});
