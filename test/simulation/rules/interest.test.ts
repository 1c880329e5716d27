// Rules of the pod that no random schedule misses when they are gone, because another rule heals what they prevent: who
// hears what, and whom presence names. Each is tried alone, on the real pod.
import { ackFrame, LIMITS, outputFrame, parserOf, RelayToAgent, uuidBytes } from '@hermit/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  CLIENT,
  HandPod,
  type HeldBus,
  MACHINE,
  machineChannel,
  SESSION,
  sessionChannel,
  type TestSocket,
} from './hand-pod.ts';

let hand: HandPod;
let bus: HeldBus;
beforeEach(() => {
  hand = new HandPod();
  bus = hand.bus;
});

const output = (offset: number) => outputFrame(uuidBytes(SESSION), offset, { cols: 80, rows: 24 }, 1, null);

function acknowledgement(): Uint8Array {
  const consumed = { offset: 0, snapshot: 0, chunks: 0, ended: false };
  return ackFrame(uuidBytes(SESSION), uuidBytes(CLIENT), 1, consumed);
}

describe('INT-2', () => {
  let socket: TestSocket;
  beforeEach(() => {
    socket = hand.registering();
    socket.says({ type: 'current', interest: [SESSION] });
  });
  const elsewhere = () => {
    const listener = bus.subscriptions.get(machineChannel);
    listener?.(Buffer.from(JSON.stringify({ type: 'tip_request', sessionId: SESSION })), machineChannel);
  };

  it('what nobody hears is published no more', () => {
    socket.events.binary(output(0));
    bus.on(sessionChannel)[0]?.done?.(0);
    socket.events.binary(output(1));
    expect(bus.on(sessionChannel)).toHaveLength(1);
    elsewhere();
    socket.events.binary(output(2));
    expect(bus.on(sessionChannel)).toHaveLength(2);
  });

  it('unless something was heard of the session after that publish', () => {
    socket.events.binary(output(0));
    elsewhere();
    bus.on(sessionChannel)[0]?.done?.(0);
    socket.events.binary(output(1));
    expect(bus.on(sessionChannel)).toHaveLength(2);
  });

  it('where more sessions are heard of than can be kept, the one heard of longest ago is forgotten', () => {
    const of = (i: number) => `cccccccc-0000-4000-8000-${String(i).padStart(12, '0')}`;
    const hear = (sessionId: string) =>
      bus.subscriptions.get(machineChannel)?.(
        Buffer.from(JSON.stringify({ type: 'tip_request', sessionId })),
        machineChannel,
      );
    const most = LIMITS.sessionsPerMachine * 4;
    // The first of all is SESSION.
    for (let i = 2; i <= most; i++) hear(of(i));
    hear(SESSION);
    hear(of(most + 1));
    socket.events.binary(output(0));
    expect(bus.on(sessionChannel)).toHaveLength(1);
  });
});

it('INT-3: a pod whose subscriptions are proven again asks for the tips of every session it has viewers of', () => {
  hand.client();
  const before = bus.said('tip_request');
  bus.restored();
  expect(bus.said('tip_request')).toBe(before + 1);
});

it('INT-1: a tip is asked for until it is answered, ever more slowly', () => {
  const client = hand.client();
  const pass = (minutes: number) => {
    for (let i = 0; i < minutes * 2; i++) {
      hand.clock.advance(30_000);
      client.says({ type: 'pong' });
    }
  };
  bus.restored();
  pass(1);
  const within = bus.said('tip_request');
  pass(10);
  const later = bus.said('tip_request') - within;
  expect(later).toBeGreaterThanOrEqual(600_000 / 35_000);
  expect(later).toBeLessThan(600_000 / 20_000);

  const size = { cols: 80, rows: 24, sizePolicy: 'latest', driver: null };
  const tip = { type: 'tip', sessionId: SESSION, end: 0, ...size, positions: {} };
  bus.subscriptions.get(sessionChannel)?.(Buffer.from(JSON.stringify(tip)), sessionChannel);
  const answered = bus.said('tip_request');
  pass(10);
  expect(bus.said('tip_request')).toBe(answered);
});

it('DRAIN-2: interest moves when the agent moves, not when it registers', () => {
  const viewer = hand.client();
  const socket = hand.registering();
  const ack = () => viewer.events.binary(acknowledgement());
  const published = () => bus.on(machineChannel).length;

  let before = published();
  socket.frames.length = 0;
  ack();
  expect(published()).toBe(before + 1);
  expect(socket.frames).toHaveLength(0);
  expect(bus.subscriptions.has(sessionChannel)).toBe(true);

  socket.says({ type: 'current', interest: [] });
  before = published();
  ack();
  expect(published()).toBe(before);
  expect(socket.frames).toHaveLength(1);
  expect(bus.subscriptions.has(sessionChannel)).toBe(false);
});

it('IN-3: requests are told apart by all of their ids, however long', () => {
  const agent = hand.agent();
  const person = hand.person();
  const ids = ['a', 'b'].map((end) => 'x'.repeat(127) + end);
  for (const requestId of [...ids, ids[0]]) {
    person.says({ type: 'create_session', machineId: MACHINE, requestId, command: 'sh' });
  }
  type Sent = { type: string; requestId: string };
  const sent = agent.texts.map((text) => JSON.parse(text) as Sent).filter(({ type }) => type === 'start_session');
  expect(new Set(sent.map(({ requestId }) => requestId)).size).toBe(2);
  // The agent takes them.
  const parse = parserOf(RelayToAgent);
  for (const message of sent) expect(parse(JSON.stringify(message))).toEqual(message);
});

describe('presence is rebuilt', () => {
  const online = () => hand.presence.presenceOf(MACHINE)?.pod === 'pod';
  let agent: TestSocket;
  beforeEach(() => {
    agent = hand.agent();
    expect(online()).toBe(true);
  });
  const forget = () => {
    hand.presence.release(MACHINE, hand.epoch);
    hand.presence.removePod('pod');
  };

  it('as soon as the bus is back, should Redis have forgotten everything', async () => {
    forget();
    bus.restored();
    hand.clock.advance(1_000);
    expect(online()).toBe(true);
    expect(await hand.presence.pods()).toHaveLength(1);
  });

  it('with what runs there, for which the agent is asked (OWN-7)', async () => {
    const size = { cols: 80, rows: 24, sizePolicy: 'smallest' };
    const running = { id: SESSION, name: 'build', command: 'make', createdAt: 1, attachedClients: 0, ...size };
    agent.says({ type: 'sessions', sessions: [running], attachments: [] });
    expect(agent.heard('announce')).toBe(false);
    forget();
    bus.restored();
    hand.clock.advance(1_000);
    expect(agent.heard('announce')).toBe(true);
    expect(await hand.presence.sessions(MACHINE)).toEqual([]);
    agent.says({ type: 'sessions', sessions: [running], attachments: [] });
    expect(await hand.presence.sessions(MACHINE)).toHaveLength(1);
  });

  it('soon after it answers again', () => {
    hand.presence.away = true;
    hand.clock.advance(2 * LIMITS.machineRenew);
    forget();
    hand.presence.away = false;
    hand.clock.advance(2 * LIMITS.visitEvery);
    expect(online()).toBe(true);
  });
});
