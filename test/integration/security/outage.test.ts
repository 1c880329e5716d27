// While Postgres is away: who was here comes back, strangers wait, and what was revoked elsewhere stays revoked.
import { randomUUID } from 'node:crypto';
import { CLOSE } from '@hermit/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Warden } from '../../../scripts/warden.ts';
import { findPostgres } from '../../services/binaries.ts';
import { startPostgres } from '../../services/postgres.ts';
import { TcpProxy } from '../../services/tcp-proxy.ts';
import { until } from '../kit/wait.ts';
import { HandAgent, HandClient, type Relays, startRelays } from './relay-kit.ts';

type Known = { id: string; name: string; token: string };

/** Registers; resolves with the code of the refusal, or null. */
async function introduce(relays: Relays, pod: number, machine: Known): Promise<string | null> {
  const agent = relays.use(await HandAgent.open(`${relays.pod(pod).url}/ws/agent`));
  const answer = await agent.register(machine);
  if (answer.success) return null;
  expect(await agent.closedWith()).toBe(CLOSE.notIntroduced.code);
  return answer.error?.code ?? 'no code';
}

/** Was here, and is not any more. */
async function passThrough(relays: Relays, pod: number, machine: Known): Promise<void> {
  const agent = await relays.agent(pod, machine);
  agent.ws.terminate();
  await until('the pod has noticed', () => !relays.pod(pod).app.pod.machines.owned.has(machine.id));
}

describe('of two pods', () => {
  let ways: TcpProxy[];
  let relays: Relays;
  const stack = new AsyncDisposableStack();
  beforeAll(async () => {
    const { port } = new URL(process.env.TEST_DATABASE_URL as string);
    ways = [];
    for (let i = 0; i < 2; i++) ways.push(stack.use(await TcpProxy.to(Number(port || 5432))));
    relays = stack.use(await startRelays({ pods: 2, database: { through: (pod) => ways[pod] as TcpProxy } }));
  });
  afterAll(() => stack.disposeAsync());
  const lose = (pod: number) => {
    ways[pod]?.silence();
  };
  const regain = async (pod: number) => {
    ways[pod]?.speak();
    // What was said into the silence is never answered.
    ways[pod]?.cut();
    await until('the pod has Postgres', async () => (await readiness(pod)).body.missing?.length === 0, 60_000);
  };
  const readiness = (pod: number) => relays.pod(pod).call<{ missing?: { part: string }[] }>('GET', '/readyz');

  it('both without an answer from Postgres: agents and clients that were let in before come back, nobody else', async () => {
    const owner = await relays.person();
    const [mine, unseen] = [await relays.machine(owner), await relays.machine(owner)];
    const agent = await relays.agent(0, mine);
    const sessionId = agent.session();
    const client = await relays.client(0, owner.accessToken);
    expect(await client.attach(mine.id, sessionId)).toMatchObject({ type: 'attached' });
    for (const pod of [0, 1]) lose(pod);
    agent.ws.terminate();
    client.ws.terminate();

    const start = performance.now();
    const back = relays.use(await HandAgent.open(`${relays.pod(0).url}/ws/agent`));
    back.sessions.set(sessionId, agent.sessions.get(sessionId)!);
    expect(await back.register(mine)).toMatchObject({ success: true, machineId: mine.id });
    expect(performance.now() - start).toBeLessThan(5_000);
    // On either pod: presence tells whose the machine is.
    const comeBack = async (pod: number) => {
      const again = relays.use(await HandClient.open(`${relays.pod(pod).url}/ws/client`));
      again.send({ type: 'auth', token: owner.accessToken, encoding: 'json' });
      await again.heard('authenticated', () => true, 5_000);
      expect(await again.attach(mine.id, sessionId)).toMatchObject({ type: 'attached' });
    };
    await Promise.all([comeBack(0), comeBack(1)]);
    const forged = { ...mine, token: `${mine.token.slice(0, -4)}AAAA` };
    const refusals = [introduce(relays, 0, unseen), introduce(relays, 1, mine), introduce(relays, 0, forged)];
    expect(await Promise.all(refusals)).toEqual(Array(3).fill('UNAVAILABLE'));
    expect(back.closed).toBeNull();
    // Or nothing could reach it through a Service.
    for (const pod of [0, 1]) {
      expect(await readiness(pod)).toMatchObject({ status: 200, body: { missing: [{ part: 'postgres' }] } });
    }

    await Promise.all([regain(0), regain(1)]);
    await until('strangers are let in again', async () => (await introduce(relays, 1, unseen)) === null, 30_000);
  }, 120_000);

  it('one without Postgres: a token that was replaced through the other is worth nothing there at once', async () => {
    const owner = await relays.person();
    const [replaced, removed, control] = [
      await relays.machine(owner),
      await relays.machine(owner),
      await relays.machine(owner),
    ];
    for (const machine of [replaced, removed, control]) {
      const agent = await relays.agent(0, machine);
      agent.ws.terminate();
    }
    lose(0);
    expect(await introduce(relays, 0, replaced)).toBeNull();
    const { accessToken: token } = owner;
    expect((await relays.pod(1).call('POST', `/api/machines/${replaced.id}/token`, { token })).status).toBe(200);
    expect((await relays.pod(1).call('DELETE', `/api/machines/${removed.id}`, { token })).status).toBe(204);
    const outcomes = [replaced, removed, control].map((machine) => introduce(relays, 0, machine));
    expect(await Promise.all(outcomes)).toEqual(['UNAVAILABLE', 'UNAVAILABLE', null]);
    await regain(0);
  }, 120_000);

  it('whoever was let in on trust is looked at again when Postgres is back', async () => {
    const owner = await relays.person();
    const [good, gone] = [await relays.machine(owner), await relays.machine(owner)];
    for (const machine of [good, gone]) await passThrough(relays, 0, machine);
    lose(0);
    // Nobody is told of this.
    await relays.sql`delete from machines where id = ${gone.id}`;
    const agents = [await relays.agent(0, good), await relays.agent(0, gone)];
    await regain(0);
    expect(await agents[1]?.closedWith(30_000)).toBe(CLOSE.removed.code);
    expect(agents[0]?.closed).toBeNull();
  }, 120_000);
});

it('a Postgres that is stopped for good: the agents that were here are let in, as often as they come', async () => {
  const binaries = await findPostgres();
  if (!binaries) throw new Error('This test needs a local Postgres that it may stop.');
  const warden = new Warden();
  await using stack = new AsyncDisposableStack();
  const server = await startPostgres(binaries, warden);
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= server.stop();
    return stopped;
  };
  stack.defer(async () => {
    await stop();
    warden.leave();
  });
  // Its database goes with it.
  const { createDatabase } = await import('../../services/databases.ts');
  const { url } = await createDatabase(server.url);
  const relays = stack.use(await startRelays({ env: { DATABASE_URL: url, POD_ID: `pod-${randomUUID()}` } }));
  const machine = await relays.machine(await relays.person());
  const agent = await relays.agent(0, machine);
  await stop();
  agent.ws.terminate();
  for (let round = 0; round < 3; round++) expect(await introduce(relays, 0, machine)).toBeNull();
  const id = randomUUID();
  const token = `hmt_${id.replaceAll('-', '')}_${'A'.repeat(43)}`;
  expect(await introduce(relays, 0, { id, name: 'nobody', token })).toBe('UNAVAILABLE');
}, 120_000);
