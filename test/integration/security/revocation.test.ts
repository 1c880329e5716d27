// What was revoked ends on open sockets within a second, on whichever pod they are; and what Redis lost is made up for.
import { outputFrame, uuidBytes } from '@hermit/protocol';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TcpProxy } from '../../services/tcp-proxy.ts';
import { report } from '../kit/measured.ts';
import { until } from '../kit/wait.ts';
import { type HandClient, PASSWORD, type Person, type Relays, SECRET, startRelays } from './relay-kit.ts';

const SECOND = 1_000;
const UNAUTHORIZED = 4002;
const REMOVED = 4008;

// Each has its own users: at once they take the time of the longest.
describe.concurrent('on two pods', () => {
  let relays: Relays;
  beforeAll(async () => {
    relays = await startRelays({ pods: 2 });
  });
  afterAll(() => relays?.[Symbol.asyncDispose]());

  const login = async ({ email }: Person, pod = 0): Promise<Person> => {
    const { body } = await relays
      .pod(pod)
      .call<Omit<Person, 'id' | 'email'> & { user: { id: string } }>('POST', '/auth/login', {
        body: { email, password: PASSWORD },
      });
    return { id: body.user.id, email, accessToken: body.accessToken, refreshToken: body.refreshToken };
  };
  const closedAt = async (what: string, clients: readonly HandClient[], start: number) => {
    for (const client of clients) {
      expect(await client.closedWith()).toBe(UNAUTHORIZED);
      expect(client.messages.at(-1)).toMatchObject({ type: 'error', code: 'INVALID_TOKEN' });
    }
    within(what, Math.max(...clients.map((client) => client.closed?.at ?? 0)) - start);
  };
  const within = (what: string, ms: number) => {
    report(`revocation reaches both pods: ${what}`, [ms], 'ms');
    expect(ms).toBeLessThan(SECOND);
  };
  const open = async (client: HandClient) => {
    client.send({ type: 'list_machines', requestId: 'still here' });
    await client.heard('machines');
  };

  it('log-out closes the sockets of that login alone', async () => {
    const here = await relays.person();
    const there = await login(here, 1);
    const mine = [await relays.client(0, here.accessToken), await relays.client(1, here.accessToken)];
    const others = [await relays.client(0, there.accessToken), await relays.client(1, there.accessToken)];
    const start = performance.now();
    await relays.pod(1).call('POST', '/auth/logout', { body: { refreshToken: here.refreshToken } });
    await closedAt('a log-out', mine, start);
    for (const client of others) await open(client);
  });

  it('a refresh token that is used twice closes the sockets of its login', async () => {
    const person = await relays.person();
    const clients = [await relays.client(0, person.accessToken), await relays.client(1, person.accessToken)];
    const refresh = (pod: number) =>
      relays.pod(pod).call('POST', '/auth/refresh', { body: { refreshToken: person.refreshToken } });
    expect((await refresh(0)).status).toBe(200);
    for (const client of clients) await open(client);
    const start = performance.now();
    expect((await refresh(1)).status).toBe(401);
    await closedAt('a refresh token used twice', clients, start);
  });

  it('logging out everywhere closes all sockets of the user, and no other', async () => {
    const person = await relays.person();
    const others = [await relays.client(0, (await relays.person()).accessToken)];
    const clients = [
      await relays.client(0, person.accessToken),
      await relays.client(1, (await login(person)).accessToken),
    ];
    const start = performance.now();
    expect((await relays.pod(0).call('DELETE', '/api/logins', { token: person.accessToken })).status).toBe(204);
    await closedAt('a log-out everywhere', clients, start);
    for (const client of others) await open(client);
    expect((await relays.pod(1).call('GET', '/api/me', { token: person.accessToken })).status).toBe(401);
  });

  it('a login is seen in the list, and ended from there', async () => {
    const person = await relays.person();
    const lost = await login(person, 1);
    const client = await relays.client(1, lost.accessToken);
    type Logins = { logins: { id: string; current: boolean; client: string; address: string }[] };
    const { body } = await relays.pod(0).call<Logins>('GET', '/api/logins', { token: person.accessToken });
    expect(body.logins.map(({ current }) => current).sort()).toEqual([false, true]);
    const other = body.logins.find(({ current }) => !current);
    expect(other).toMatchObject({ address: '127.0.0.1', client: expect.stringMatching(/node|undici/) });
    const start = performance.now();
    const token = person.accessToken;
    expect((await relays.pod(0).call('DELETE', `/api/logins/${other?.id}`, { token })).status).toBe(204);
    await closedAt('a login ended from the list', [client], start);
    expect((await relays.pod(0).call('DELETE', `/api/logins/${other?.id}`, { token })).status).toBe(404);
  });

  it('a new password ends the other logins, and this one goes on', async () => {
    const person = await relays.person();
    const other = await relays.client(1, (await login(person)).accessToken);
    const mine = await relays.client(1, person.accessToken);
    const change = (current: string) =>
      relays.pod(0).call('POST', '/api/password', {
        token: person.accessToken,
        body: { current, next: 'a better password' },
      });
    expect((await change('wrong')).status).toBe(401);
    expect((await change(PASSWORD)).status).toBe(204);
    // From here on: what comes before is mostly the hash of a password.
    await closedAt('a new password, once it was answered', [other], performance.now());
    await open(mine);
  });

  it.each([0, 1])(
    'a new token for a machine disconnects its agent on pod %i, and the new one is let in',
    async (pod) => {
      const person = await relays.person();
      const machine = await relays.machine(person);
      const agent = await relays.agent(pod, machine);
      const start = performance.now();
      type Rotated = { token: string };
      const url = `/api/machines/${machine.id}/token`;
      const { body } = await relays.pod(0).call<Rotated>('POST', url, { token: person.accessToken });
      const next = await relays.agent(pod, { ...machine, token: body.token });
      expect(await agent.closedWith()).toBe(REMOVED);
      within('a new token of a machine', Number(agent.closed?.at) - start);
      // What was said of the old token does not hit the agent with the new one.
      const again = await relays.client(1 - pod, person.accessToken);
      again.send({ type: 'list_sessions', machineId: machine.id });
      await again.heard('sessions');
      expect(next.closed).toBeNull();
      await expect(relays.agent(pod, machine)).resolves.toMatchObject({});
    },
  );

  it('a client is asked to renew on its open socket, and goes on; one that does not is closed', async () => {
    const person = await relays.person();
    const { sid } = JSON.parse(Buffer.from(person.accessToken.split('.')[1] as string, 'base64url').toString());
    const expiry = Math.floor(Date.now() / 1000) + 2;
    const brief = await new SignJWT({ email: person.email, sid, iss: 'hermit-relay', aud: 'hermit-client' })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(person.id)
      .setIssuedAt()
      .setExpirationTime(expiry)
      .sign(new TextEncoder().encode(SECRET));
    const [good, idle] = [await relays.client(0, brief), await relays.client(1, brief)];
    const machine = await relays.machine(person);
    const agent = await relays.agent(1, machine);
    const sessionId = agent.session();
    expect(await good.attach(machine.id, sessionId)).toMatchObject({ type: 'attached' });
    for (const client of [good, idle]) {
      expect(await client.heard('renewal_due')).toMatchObject({ expiresAt: expiry * 1000 });
    }
    good.send({ type: 'renew', token: person.accessToken });
    await good.heard('authenticated');
    // Two seconds to the end of the token, and fifteen of grace.
    expect(await idle.closedWith(20_000)).toBe(UNAUTHORIZED);
    expect(Date.now()).toBeGreaterThanOrEqual(expiry * 1000);
    await open(good);
    // Long after its first token: the attachment has gone on, in both directions.
    agent.ws.send(outputFrame(uuidBytes(sessionId), 0, { cols: 80, rows: 24 }, 5, null).fill(0x68, -5));
    expect(await good.heard('data')).toMatchObject({ sessionId, offset: 0 });
    good.send({ type: 'data', sessionId, data: Buffer.from('ls\r').toString('base64') });
    await until('the input arrives', () => agent.inputsOf(sessionId).length > 0);
    expect(good.messages.filter((m) => m.type === 'detached' || m.type === 'unknown_attachment')).toEqual([]);
  }, 30_000);
});

describe('while Redis is away', () => {
  it('a pod ends what it serves itself at once, and the others as soon as they hear again', async () => {
    const redis = new URL(process.env.TEST_REDIS_URL as string);
    await using near = await TcpProxy.to(Number(redis.port || 6379));
    await using far = await TcpProxy.to(Number(redis.port || 6379));
    const through = ({ port }: TcpProxy) => {
      const url = new URL(redis);
      url.hostname = '127.0.0.1';
      url.port = `${port}`;
      return url.href;
    };
    await using relays = await startRelays({ pods: 2, env: (pod) => ({ REDIS_URL: through(pod === 0 ? near : far) }) });
    const [owner, guest] = [await relays.person(), await relays.person()];
    const machine = await relays.machine(owner);
    const agent = await relays.agent(0, machine);
    const sessionId = agent.session();
    const url = `/api/machines/${machine.id}/sessions/${sessionId}/shares`;
    const { body } = await relays.pod(0).call<{ share: { id: string } }>('POST', url, {
      token: owner.accessToken,
      body: { email: guest.email, role: 'driver' },
    });
    const clients = [await relays.client(0, guest.accessToken), await relays.client(1, guest.accessToken)];
    for (const client of clients) {
      expect(await client.attach(machine.id, sessionId)).toMatchObject({ type: 'attached' });
    }
    for (const proxy of [near, far]) {
      proxy.silence();
      proxy.cut();
    }
    const start = performance.now();
    const gone = await relays.pod(0).call('DELETE', `${url}/${body.share.id}`, { token: owner.accessToken });
    expect(gone.status).toBe(204);
    await clients[0]?.heard('detached', (m) => m.code === 'FORBIDDEN');
    expect(performance.now() - start).toBeLessThan(SECOND);
    for (const proxy of [near, far]) {
      proxy.cut();
      proxy.speak();
    }
    await clients[1]?.heard('detached', (m) => m.code === 'FORBIDDEN', 20_000);
  });
});
