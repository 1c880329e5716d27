// Every message of agents × every agent that may say it, with the agents on one pod and a person who looks on the other. A
// message without a row fails.
import { randomUUID } from 'node:crypto';
import { AgentToRelay, CLOSE } from '@hermit/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../kit/wait.ts';
import { Cast, type Scene } from './cast.ts';
import { HandAgent, type HandClient, type Relays, startRelays } from './relay-kit.ts';
import { answerOf, look, machineOf, output, SIZE, sessionOf } from './table-kit.ts';

let relays: Relays;
let cast: Cast;
beforeAll(async () => {
  relays = await startRelays({ pods: 2, env: { RATE_LIMITS: '0' } });
  cast = new Cast(relays);
});
afterAll(() => relays?.[Symbol.asyncDispose]());

type Ids = { clientId: string; requestId: string };
type Row = {
  say: (scene: Scene, ids: Ids) => Record<string, unknown>;
  /** What the person who looks is told when the machine's own agent says it. From anybody else it is nothing. */
  seen: readonly string[];
  /** The question of theirs that waits meanwhile. */
  asked?: 'list_sessions' | 'create_session' | 'kill_session';
  /** What an agent is answered that is registered; missing: nothing. */
  answer?: string;
  /** And one that has not introduced itself; missing: that it has to. */
  stranger?: string | null;
};

const ref = (scene: Scene, { clientId }: Ids) => ({ ...sessionOf(scene), clientId, attempt: 1 });
const view = { ...SIZE, sizePolicy: 'latest', driver: null };
const request = ({ requestId }: Ids) => ({ requestId, pod: 'pod-1' });
const info = (id: string) => ({
  ...{ id, name: 'forged', command: 'sh', createdAt: 0, attachedClients: 0, ...SIZE, sizePolicy: 'latest' },
});
const TABLE: Record<keyof typeof AgentToRelay, Row> = {
  register: {
    say: ({ machine }) => introduction(machine),
    ...{ seen: [], answer: 'ALREADY_AUTHENTICATED', stranger: 'registered' },
  },
  current: { say: ({ sessionId }) => ({ interest: [sessionId] }), seen: [] },
  flush: { say: () => ({ epoch: 1 }), seen: [], answer: 'fence_passed' },
  sessions: { say: ({ sessionId }, ids) => ({ ...request(ids), sessions: [info(sessionId)] }), seen: ['sessions'] },
  session_started: {
    say: ({ sessionId }, ids) => ({ ...request(ids), session: info(sessionId) }),
    asked: 'create_session',
    seen: ['session_created'],
  },
  request_failed: { say: (_, ids) => ({ ...request(ids), code: 'INTERNAL', message: 'forged' }), seen: ['INTERNAL'] },
  request_done: { say: (_, ids) => request(ids), asked: 'kill_session', seen: ['session_killed'] },
  // For the log; people are told by the tip.
  session_ended: { say: (scene) => ({ ...sessionOf(scene), exitCode: 0, signal: null }), seen: [] },
  stats: { say: () => ({ ptysPaused: 1, pausedMs: 1 }), seen: [] },
  ping: { say: () => ({}), seen: [], answer: 'pong', stranger: 'pong' },
  pong: { say: () => ({}), seen: [], stranger: null },
  attached: {
    say: (scene, ids) => ({ ...ref(scene, ids), inputOffset: 0, readOnly: false, ...view, first: 0, end: 0 }),
    seen: ['attached'],
  },
  live: { say: (scene, ids) => ({ ...ref(scene, ids), round: 0, marker: 9, offset: 0 }), seen: [] },
  catching_up: { say: (scene, ids) => ({ ...ref(scene, ids), round: 0, marker: 9, offset: 0 }), seen: [] },
  history_lost: { say: (scene, ids) => ({ ...ref(scene, ids), round: 0, first: 9_999 }), seen: ['history_lost'] },
  tip: {
    say: (scene) => ({ ...sessionOf(scene), end: 0, ...view, exit: { exitCode: 0, signal: null }, positions: {} }),
    // And that the session has ended, where it has shown all.
    seen: ['tip', 'session_ended'],
  },
  // It is attached anew.
  unknown_attachment: { say: ref, seen: ['attached'] },
  attach_refused: {
    say: (scene, ids) => ({ ...ref(scene, ids), code: 'INTERNAL', message: 'forged' }),
    seen: ['INTERNAL'],
  },
};

const introduction = ({ name, token }: { name: string; token: string }) => ({
  ...{ machineName: name, token, protocol: 1, epoch: Date.now() + 60_000, lastEpoch: 0 },
  ...{ instanceId: randomUUID(), agentVersion: 'test' },
});

/** The owner looks at the session, and has asked the machine something that it does not answer. */
async function watched(scene: Scene, type: Row['asked'] = 'list_sessions'): Promise<Ids & { client: HandClient }> {
  const client = await relays.client(1, scene.people.owner.token);
  const clientId = await look(client, scene);
  const order = type === 'create_session' ? 'start_session' : type;
  let asked: string | undefined;
  scene.agent.silent = (m) => {
    if (m.type === order) asked = (m as { requestId: string }).requestId;
    return m.type === order;
  };
  client.send({ type, ...machineOf(scene), ...(type === 'kill_session' ? sessionOf(scene) : {}) });
  return { client, clientId, requestId: await until('the question arrives', () => asked) };
}

const seenBy = (client: HandClient): string[] =>
  client.messages.flatMap((m) =>
    m.type === 'pong' || m.type === 'machine_changed' ? [] : [m.type === 'error' ? m.code : m.type],
  );

/** What the relay answers to what an agent says; that it says nothing is known once the ping behind it is answered. */
async function answers(agent: HandAgent, message: { type: string }, some: boolean): Promise<string | null> {
  agent.messages.length = 0;
  agent.send(message);
  agent.send({ type: 'ping' });
  const pongs = message.type === 'ping' ? 2 : 1;
  const answer = () => agent.messages.find(({ type }) => ['error', 'registered', 'fence_passed'].includes(type));
  await until(`an answer to ${message.type}`, () =>
    some && message.type !== 'ping' ? answer() : agent.messages.filter(({ type }) => type === 'pong').length >= pongs,
  );
  const first = answer() ?? (message.type === 'ping' ? { type: 'pong' } : null);
  return first === null ? null : first.type === 'error' ? (first as { code: string }).code : first.type;
}

describe('what agents say', () => {
  it('has a row for every message', () => {
    expect(Object.keys(TABLE).sort()).toEqual(Object.keys(AgentToRelay).sort());
  });

  it.each(Object.entries(TABLE))('%s', async (type, row) => {
    const scene = await cast.scene();
    const { client, ...ids } = await watched(scene, row.asked);
    const witness = await relays.client(1, scene.people.owner.token);
    await look(witness, scene);
    const message = (of = scene) => ({ type, ...row.say(of, ids) });
    const machine = async () => {
      const made = await cast.accounts.createMachine(scene.people.owner.id, `box-${randomUUID().slice(0, 8)}`);
      return { id: made.machine.id, name: made.machine.name, token: made.token };
    };
    const open = async () => relays.use(await HandAgent.open(`${relays.pod(0).url}/ws/agent`));
    const found: Record<string, unknown> = {};
    const { answer = null, stranger = 'NOT_AUTHENTICATED' } = row;

    // Another machine, of the same owner.
    const other = await machine();
    found['another machine'] = await answers(await relays.agent(0, other), message(), answer !== null);
    found['no introduction'] = await answers(await open(), message({ ...scene, machine: other }), stranger !== null);
    // With a token that is no longer good, which is not known yet when it says it.
    const [replaced, removed] = [await machine(), await machine()];
    await cast.accounts.rotateMachineToken(scene.people.owner.id, replaced.id);
    await cast.accounts.removeMachine(scene.people.owner.id, removed.id);
    for (const [who, gone] of Object.entries({ 'token replaced': replaced, 'machine removed': removed })) {
      const agent = await open();
      agent.send({ type: 'register', ...introduction(gone) });
      agent.send(message());
      const closed = await agent.closedWith();
      const fine = ['NOT_AUTHENTICATED', 'ALREADY_AUTHENTICATED'];
      const told = agent.messages.filter((m) => m.type !== 'pong' && !(m.type === 'error' && fine.includes(m.code)));
      found[who] = [closed, ...told.map((m) => (m.type === 'registered' ? m.error?.code : m.type))];
    }
    const refused = [CLOSE.unauthorized.code, 'INVALID_TOKEN'];
    expect(found).toEqual({
      ...{ 'another machine': answer, 'no introduction': stranger },
      ...{ 'token replaced': refused, 'machine removed': refused },
    });
    expect([await answerOf(client), seenBy(client)]).toEqual([null, []]);

    expect(await answers(scene.agent, message(), answer !== null)).toBe(answer);
    // By when the tip that follows has come to a witness, what reached nobody above would have come as well.
    if (type !== 'tip') scene.agent.send({ type: 'tip', ...TABLE.tip.say(scene, ids) });
    await witness.heard('tip');
    await until(`${row.seen} is seen`, () => row.seen.every((each) => seenBy(client).includes(each)));
    await answerOf(client);
    const ofTip = (each: string) => type !== 'tip' && TABLE.tip.seen.includes(each);
    expect(seenBy(client).filter((each) => !ofTip(each))).toEqual(row.seen);
  });

  it("output is seen from the machine's own agent alone", async () => {
    const scene = await cast.scene();
    const { client } = await watched(scene);
    const other = await cast.scene();
    const nobody = relays.use(await HandAgent.open(`${relays.pod(0).url}/ws/agent`));
    for (const agent of [other.agent, nobody]) agent.ws.send(output(scene, null));
    expect(await answers(nobody, { type: 'pong' }, true)).toBe('INVALID_MESSAGE');
    expect(await answers(other.agent, { type: 'pong' }, false)).toBe(null);
    scene.agent.send({ type: 'tip', ...TABLE.tip.say(scene, { clientId: '', requestId: '' }) });
    await client.heard('tip');
    expect(client.messages.filter(({ type }) => type === 'data')).toEqual([]);
  });

  it('a machine is not taken over by who registers with the token of another one, under its name', async () => {
    const [scene, stranger] = [await cast.scene(), await cast.scene()];
    const thief = relays.use(await HandAgent.open(`${relays.pod(1).url}/ws/agent`));
    const answer = await thief.register({ name: scene.machine.name, token: stranger.machine.token });
    expect(answer).toMatchObject({ success: false, error: { code: 'MACHINE_NAME_MISMATCH' } });
    expect(await thief.closedWith()).toBe(CLOSE.unauthorized.code);
    expect(scene.agent.closed).toBeNull();
    expect(stranger.agent.closed).toBeNull();
  });
});
