// Every message and frame of clients × everybody who may say it, with the agent on one pod and the client on the other. A
// message without a row fails.
import { randomUUID } from 'node:crypto';
import {
  ackFrame,
  CLOSE,
  ClientToRelay,
  FRAME,
  inputAckFrame,
  inputFrame,
  type RelayToClient,
  uuidBytes,
} from '@hermit/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../kit/wait.ts';
import { Cast, KNOWN, type Known, type Scene } from './cast.ts';
import { HandClient, type Relays, startRelays } from './relay-kit.ts';
import { answerOf, look, machineOf, output, SIZE, sessionOf, UNASKED } from './table-kit.ts';

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

async function connect(scene: Scene, who: Known, encoding: 'json' | 'binary' = 'json'): Promise<HandClient> {
  return relays.client(1, (await scene.token(who)) ?? null, encoding);
}
/** What reached the agent, but for what attaching and looking bring about. */
const reached = ({ agent }: Scene) => [
  ...agent.messages.filter(({ type }) => !['attach', 'detach', 'tip_request', 'registered', 'ping'].includes(type)),
  ...agent.frames.filter((frame) => frame[0] === FRAME.input).map(() => ({ type: 'input' })),
];
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

    // The frame goes out before the token has been refused.
    for (const who of ['revoked', 'expired'] as const) {
      const client = relays.use(await HandClient.open(`${relays.pod(1).url}/ws/client`));
      const before = scene.agent.frames.length;
      client.send({ type: 'auth', token: await scene.token(who), encoding: 'binary' });
      client.ws.send(make(scene, randomUUID()));
      expect([who, await client.closedWith()]).toEqual([who, CLOSE.unauthorized.code]);
      expect(client.messages.map((m) => (m.type === 'error' ? m.code : m.type))).toContain('INVALID_TOKEN');
      expect(scene.agent.frames).toHaveLength(before);
    }
  });
});
