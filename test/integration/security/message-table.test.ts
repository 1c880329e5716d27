// Every WebSocket message × everybody who may say it, with the agent on one pod and the client on the other. A message
// without a row fails.
import { randomUUID } from 'node:crypto';
import {
  AgentToRelay,
  ackFrame,
  CLOSE,
  ClientToRelay,
  FRAME,
  inputAckFrame,
  inputFrame,
  outputFrame,
  type RelayToClient,
  uuidBytes,
} from '@hermit/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../kit/wait.ts';
import { Cast, KNOWN, type Known, type Scene } from './cast.ts';
import { HandAgent, HandClient, type Relays, startRelays } from './relay-kit.ts';

const SIZE = { cols: 100, rows: 40 };

let relays: Relays;
let cast: Cast;
beforeAll(async () => {
  relays = await startRelays({ pods: 2, env: { RATE_LIMITS: '0' } });
  cast = new Cast(relays);
});
afterAll(() => relays?.[Symbol.asyncDispose]());

/** What comes back: the type of a message, or an error code; or nothing, and what reaches the agent. */
type Outcome = RelayToClient['type'] | string | { agent: string } | null;
type Row = {
  say: (scene: Scene, who: Known) => Record<string, unknown>;
  known: Record<Known, Outcome>;
  /** It is about a session that one looks at: whoever may attach has done so before. */
  attached?: true;
};

const all = (outcome: Outcome): Record<Known, Outcome> => ({
  ...{ 'another user': outcome, administrator: outcome, viewer: outcome, driver: outcome, owner: outcome },
});
/** Those who have nothing to do with the machine, and what the others get. */
const outside = (refused: Outcome, others: Outcome): Record<Known, Outcome> => ({
  ...all(others),
  ...{ 'another user': refused, administrator: refused },
});
const ownerOnly = (done: Outcome): Record<Known, Outcome> => ({ ...all('MACHINE_NOT_FOUND'), owner: done });
const typing = (reaches: string): Record<Known, Outcome> => ({
  ...outside('NOT_ATTACHED', { agent: reaches }),
  viewer: 'READ_ONLY',
});
const output = ({ sessionId }: Scene, to: Parameters<typeof outputFrame>[4]) =>
  outputFrame(uuidBytes(sessionId), 0, SIZE, 6, to).fill(0x78, -6);
const machineOf = ({ machine }: Scene) => ({ machineId: machine.id });
const sessionOf = ({ sessionId }: Scene) => ({ sessionId });

const CLIENT: Record<keyof typeof ClientToRelay, Row> = {
  auth: { say: ({ people }, who) => ({ token: people[who].token }), known: all('ALREADY_AUTHENTICATED') },
  renew: {
    // With somebody else's token nobody becomes them.
    say: ({ people }) => ({ token: people.owner.token }),
    known: { ...all('INVALID_TOKEN'), owner: 'authenticated' },
  },
  list_machines: { say: () => ({}), known: all('machines') },
  list_sessions: { say: machineOf, known: ownerOnly('sessions') },
  create_session: { say: machineOf, known: ownerOnly('session_created') },
  kill_session: {
    say: (scene) => ({ ...machineOf(scene), ...sessionOf(scene) }),
    known: { ...ownerOnly('session_killed'), viewer: 'FORBIDDEN', driver: 'FORBIDDEN' },
  },
  attach: {
    say: (scene) => ({ ...machineOf(scene), ...sessionOf(scene) }),
    known: outside('MACHINE_NOT_FOUND', 'attached'),
  },
  detach: { say: sessionOf, known: outside('NOT_ATTACHED', 'detached'), attached: true },
  data: { say: (scene) => ({ ...sessionOf(scene), data: 'eA==' }), known: typing('input'), attached: true },
  resize: { say: (scene) => ({ ...sessionOf(scene), ...SIZE }), known: typing('resize'), attached: true },
  drive: { say: sessionOf, known: typing('drive'), attached: true },
  set_size_policy: {
    say: (scene) => ({ ...sessionOf(scene), sizePolicy: 'fixed', ...SIZE }),
    known: typing('set_size_policy'),
    attached: true,
  },
  ping: { say: () => ({}), known: all('pong') },
  pong: { say: () => ({}), known: all(null) },
};

/** Not an answer to anything. */
const UNASKED = ['tip', 'machine_changed', 'data', 'input_ack'];

async function connect(scene: Scene, who: Known, encoding: 'json' | 'binary' = 'json'): Promise<HandClient> {
  return relays.client(1, (await scene.token(who)) ?? null, encoding);
}
async function look(client: HandClient, scene: Scene): Promise<string> {
  const answer = await client.attach(scene.machine.id, scene.sessionId);
  client.messages.length = 0;
  return answer.type === 'attached' ? answer.clientId : randomUUID();
}
/** What reached the agent, but for what attaching and looking bring about. */
const reached = ({ agent }: Scene) => [
  ...agent.messages.filter(({ type }) => !['attach', 'detach', 'tip_request', 'registered', 'ping'].includes(type)),
  ...agent.frames.filter((frame) => frame[0] === FRAME.input).map(() => ({ type: 'input' })),
];
async function answerOf(client: HandClient): Promise<string | null> {
  // A pong comes after whatever needs no question to anybody.
  client.send({ type: 'ping' });
  let answer: RelayToClient | undefined;
  await until('an answer', () => {
    const heard = client.messages.filter(({ type }) => !UNASKED.includes(type));
    answer = heard.find(({ type }) => type !== 'pong') ?? (heard.length > 1 ? heard[0] : undefined);
    return answer !== undefined || heard.length > 0;
  });
  if (answer === undefined) return null;
  return answer.type === 'error' ? answer.code : answer.type;
}

describe('what clients say', () => {
  it('has a row for every message', () => {
    expect(Object.keys(CLIENT).sort()).toEqual(Object.keys(ClientToRelay).sort());
  });

  it.each(Object.entries(CLIENT))('%s', async (type, row) => {
    const scene = await cast.scene();
    const wrong: string[] = [];
    for (const who of KNOWN) {
      const client = await connect(scene, who);
      if (row.attached) await look(client, scene);
      const before = reached(scene).length;
      const expected = row.known[who];
      client.send({ type, ...row.say(scene, who) });
      let got: Outcome;
      if (typeof expected === 'object' && expected !== null) {
        await until(`${who}: ${expected.agent} reaches the agent`, () => reached(scene).length > before);
        got = { agent: String(reached(scene).at(-1)?.type) };
      } else got = expected === null || type === 'ping' ? await quiet(client, expected) : await first(client);
      if (JSON.stringify(got) !== JSON.stringify(expected)) wrong.push(`${who}: ${JSON.stringify(got)}`);
      if (['NOT_ATTACHED', 'READ_ONLY', 'MACHINE_NOT_FOUND', 'FORBIDDEN'].includes(String(expected))) {
        if (reached(scene).length > before) wrong.push(`${who}: it reached the agent`);
      }
    }

    // Nobody: on a socket on which nobody has authenticated, only that is possible.
    const nobody = relays.use(await HandClient.open(`${relays.pod(1).url}/ws/client`));
    const open: Record<string, Outcome> = { auth: 'INVALID_TOKEN', ping: 'pong', pong: null };
    const say = type === 'auth' ? { token: 'nonsense' } : row.say(scene, 'owner');
    nobody.send({ type, ...say });
    const expected = type in open ? (open[type] ?? null) : 'NOT_AUTHENTICATED';
    const got = expected === null ? await answerOf(nobody) : await first(nobody);
    if (got !== (expected === null ? null : expected)) wrong.push(`nobody: ${got}`);

    // With a token that is no longer good the socket does not live to say anything.
    for (const who of ['revoked', 'expired'] as const) {
      const client = relays.use(await HandClient.open(`${relays.pod(1).url}/ws/client`));
      const before = reached(scene).length;
      client.send({ type: 'auth', token: await scene.token(who) });
      client.send({ type, ...row.say(scene, 'owner') });
      if ((await client.closedWith()) !== CLOSE.unauthorized.code) wrong.push(`${who}: closed with another code`);
      const codes = client.messages.map((m) => (m.type === 'error' ? m.code : m.type));
      const fine = ['INVALID_TOKEN', 'NOT_AUTHENTICATED', 'ALREADY_AUTHENTICATED', 'pong'];
      if (!codes.includes('INVALID_TOKEN') || codes.some((code) => !fine.includes(code)))
        wrong.push(`${who}: ${codes}`);
      if (reached(scene).length > before) wrong.push(`${who}: it reached the agent`);
    }
    expect(wrong).toEqual([]);
  });

  const first = async (client: HandClient): Promise<string> => {
    const m = await until('an answer', () => client.messages.find(({ type }) => !UNASKED.includes(type)));
    return m.type === 'error' ? m.code : m.type;
  };
  /** Nothing but the pong of a ping that follows. */
  const quiet = async (client: HandClient, expected: Outcome): Promise<Outcome> =>
    expected === null ? answerOf(client) : first(client);

  it('another user is told of no machine that is not theirs', async () => {
    const scene = await cast.scene();
    for (const who of KNOWN) {
      const client = await connect(scene, who);
      client.send({ type: 'list_machines' });
      const { machines } = await client.heard('machines');
      expect(machines.map(({ id }) => id)).toEqual(who === 'owner' ? [scene.machine.id] : []);
    }
  });
});

describe('the frames that clients send', () => {
  const session = ({ sessionId }: Scene) => uuidBytes(sessionId);
  const frames: Record<keyof typeof FRAME, (scene: Scene, attachment: string) => Uint8Array> = {
    output: (scene) => output(scene, null),
    addressed: (scene, id) => output(scene, { attachment: uuidBytes(id), attempt: 1, round: 0 }),
    snapshot: (scene) => {
      const frame = new Uint8Array(64);
      frame[0] = FRAME.snapshot;
      frame.set(session(scene), 4);
      return frame;
    },
    input: (scene, id) => inputFrame(session(scene), uuidBytes(id), 1, 0, Buffer.from('x'), false),
    ack: (scene, id) => ackFrame(session(scene), uuidBytes(id), 1, { offset: 0, snapshot: 0, chunks: 0, ended: false }),
    inputAck: (scene, id) => inputAckFrame(session(scene), uuidBytes(id), 1, 0, false),
  };

  it('has a row for every frame', () => {
    expect(Object.keys(frames).sort()).toEqual(Object.keys(FRAME).sort());
  });

  it.each(Object.entries(frames))('%s', async (name, make) => {
    const scene = await cast.scene();
    const theirs = name === 'input' || name === 'ack';
    for (const who of KNOWN) {
      const client = await connect(scene, who, 'binary');
      const id = await look(client, scene);
      const arrived = () => scene.agent.frames.length;
      const before = arrived();
      client.ws.send(make(scene, id));
      const may = who === 'owner' || who === 'driver' || (who === 'viewer' && name === 'ack');
      if (theirs && may) await until(`${name} of ${who} arrives`, () => arrived() > before);
      else {
        const silent = theirs && ['another user', 'administrator'].includes(who);
        const expected = !theirs ? 'INVALID_MESSAGE' : silent ? null : 'READ_ONLY';
        expect([who, await answerOf(client)]).toEqual([who, expected]);
        expect(arrived()).toBe(before);
      }
    }
    const nobody = relays.use(await HandClient.open(`${relays.pod(1).url}/ws/client`));
    nobody.ws.send(make(scene, randomUUID()));
    expect(await answerOf(nobody)).toBe('NOT_AUTHENTICATED');
  });
});

describe('what agents say', () => {
  type Sample = (scene: Scene, ids: { clientId: string; requestId: string }) => Record<string, unknown>;
  const ref = (scene: Scene, { clientId }: { clientId: string }) => ({ ...sessionOf(scene), clientId, attempt: 1 });
  const view = { ...SIZE, sizePolicy: 'latest', driver: null };
  const request = ({ requestId }: { requestId: string }) => ({ requestId, pod: 'pod-1' });
  const info = (id: string) => ({
    ...{ id, name: 'forged', command: 'sh', createdAt: 0, attachedClients: 0, ...SIZE, sizePolicy: 'latest' },
  });
  const SAMPLES: Record<keyof typeof AgentToRelay, Sample> = {
    register: ({ machine }) => ({
      ...{ machineName: machine.name, token: machine.token, protocol: 1, epoch: Date.now() + 60_000, lastEpoch: 0 },
      ...{ instanceId: randomUUID(), agentVersion: 'test' },
    }),
    current: ({ sessionId }) => ({ interest: [sessionId] }),
    flush: () => ({ epoch: 1 }),
    sessions: ({ sessionId }, ids) => ({ ...request(ids), sessions: [info(sessionId)] }),
    session_started: ({ sessionId }, ids) => ({ ...request(ids), session: info(sessionId) }),
    request_failed: (_, ids) => ({ ...request(ids), code: 'INTERNAL', message: 'forged' }),
    request_done: (_, ids) => request(ids),
    session_ended: (scene) => ({ ...sessionOf(scene), exitCode: 0, signal: null }),
    stats: () => ({ ptysPaused: 1, pausedMs: 1 }),
    ping: () => ({}),
    pong: () => ({}),
    attached: (scene, ids) => ({ ...ref(scene, ids), inputOffset: 0, readOnly: false, ...view, first: 0, end: 0 }),
    live: (scene, ids) => ({ ...ref(scene, ids), round: 0, marker: 9, offset: 0 }),
    catching_up: (scene, ids) => ({ ...ref(scene, ids), round: 0, marker: 9, offset: 0 }),
    history_lost: (scene, ids) => ({ ...ref(scene, ids), round: 0, first: 9_999 }),
    tip: (scene) => ({ ...sessionOf(scene), end: 0, ...view, exit: { exitCode: 0, signal: null }, positions: {} }),
    unknown_attachment: ref,
    attach_refused: (scene, ids) => ({ ...ref(scene, ids), code: 'INTERNAL', message: 'forged' }),
  };

  it('has a row for every message', () => {
    expect(Object.keys(SAMPLES).sort()).toEqual(Object.keys(AgentToRelay).sort());
  });

  /** The owner looks at the session, and has asked the machine something that it does not answer. */
  async function watched(scene: Scene): Promise<{ client: HandClient; clientId: string; requestId: string }> {
    const client = await connect(scene, 'owner');
    const clientId = await look(client, scene);
    let asked: string | undefined;
    scene.agent.silent = (m) => {
      if (m.type === 'list_sessions') asked = m.requestId;
      return m.type === 'list_sessions';
    };
    client.send({ type: 'list_sessions', ...machineOf(scene) });
    const requestId = await until('the question arrives', () => asked);
    return { client, clientId, requestId };
  }

  it('reaches nobody, from an agent of another machine or one that has not registered, or with an old token', async () => {
    const scene = await cast.scene();
    const { client, ...ids } = await watched(scene);
    const stranger = await cast.scene();
    const unregistered = relays.use(await HandAgent.open(`${relays.pod(0).url}/ws/agent`));
    const old = relays.use(await HandAgent.open(`${relays.pod(0).url}/ws/agent`));
    const { machine: spare, token } = await cast.accounts.createMachine(scene.people.owner.id, 'spare');
    await cast.accounts.rotateMachineToken(scene.people.owner.id, spare.id);
    expect(await old.register({ name: 'spare', token })).toMatchObject({ error: { code: 'INVALID_TOKEN' } });

    for (const [type, sample] of Object.entries(SAMPLES)) {
      if (type === 'register') continue;
      const message = { type, ...sample(scene, ids) };
      stranger.agent.send(message);
      // After the twentieth bad one the socket is closed, which is right, and not what is looked at here.
      if (unregistered.closed === null) unregistered.send(message);
    }
    const forged = output(scene, null);
    stranger.agent.ws.send(forged);
    unregistered.ws.send(forged);
    stranger.agent.send({ type: 'ping' });
    await stranger.agent.heard('pong', () => true, 5_000);
    expect(await answerOf(client)).toBeNull();
    expect(client.messages.filter(({ type }) => type !== 'pong' && type !== 'machine_changed')).toEqual([]);
    expect(old.closed === null ? await old.closedWith() : old.closed.code).toBe(CLOSE.unauthorized.code);

    // The same from the machine's own agent does arrive.
    scene.agent.send({ type: 'request_done', ...SAMPLES.request_done(scene, ids) });
    scene.agent.send({ type: 'tip', ...SAMPLES.tip(scene, ids) });
    await client.heard('tip');
  });

  it('is not taken over by who registers with the token of another machine, under its name', async () => {
    const [scene, stranger] = [await cast.scene(), await cast.scene()];
    const thief = relays.use(await HandAgent.open(`${relays.pod(1).url}/ws/agent`));
    const answer = await thief.register({ name: scene.machine.name, token: stranger.machine.token });
    expect(answer).toMatchObject({ success: false, error: { code: 'MACHINE_NAME_MISMATCH' } });
    expect(await thief.closedWith()).toBe(CLOSE.unauthorized.code);
    expect(scene.agent.closed).toBeNull();
    expect(stranger.agent.closed).toBeNull();
  });
});
