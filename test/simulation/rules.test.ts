// Rules that no random schedule misses when they are gone, because another rule heals what they prevent. Each is tried
// here alone, on the real pod with a bus whose every answer the test gives, or on the real part that decides.
import {
  ackFrame,
  framePosition,
  outputFrame,
  PROTOCOL_VERSION,
  type SessionMessage,
  uuidBytes,
} from '@hermit/protocol';
import { type Socket, type SocketEvents, systemClock } from '@hermit/transport';
import { beforeEach, describe, expect, it } from 'vitest';
import { mustPause, type Paced } from '../../services/agent/src/session/pacer.ts';
import type { Bus, Published } from '../../services/relay/src/bus/bus.ts';
import { redisNames } from '../../services/relay/src/bus/redis-names.ts';
import { MemoryPresence } from '../../services/relay/src/presence/presence-memory.ts';
import type { Directory } from '../../services/relay/src/relay/directory.ts';
import { JsonWriter } from '../../services/relay/src/relay/json-writer.ts';
import { Pod } from '../../services/relay/src/relay/pod.ts';
import { Viewer, type ViewerHost } from '../../services/relay/src/relay/viewer.ts';

const MACHINE = 'bbbbbbbb-0000-4000-8000-000000000001';
const SESSION = 'cccccccc-0000-4000-8000-000000000001';
const CLIENT = 'dddddddd-0000-4000-8000-000000000001';
const USER = 'aaaaaaaa-0000-4000-8000-000000000001';
const names = redisNames('h:');
const machineChannel = names.machineChannel(MACHINE);
const sessionChannel = names.sessionChannel(MACHINE, SESSION);

/** Subscribes at once, and keeps what is published until the test says how many it reached. */
class HeldBus implements Bus {
  readonly publishing = true;
  readonly subscriptions = new Map<string, (message: Buffer) => void>();
  readonly published: { channel: string; text: string; done: Published | undefined }[] = [];
  restored: () => void = () => {};

  publish(channel: string, message: Uint8Array | string, done?: Published): void {
    const text = typeof message === 'string' ? message : '';
    this.published.push({ channel, text, done });
  }
  subscribe(channel: string, listener: (message: Buffer) => void, confirmed?: () => void): void {
    this.subscriptions.set(channel, listener);
    confirmed?.();
  }
  unsubscribe(channel: string): void {
    this.subscriptions.delete(channel);
  }
  onRestored(listener: () => void): void {
    this.restored = listener;
  }
  async close(): Promise<void> {}

  on(channel: string) {
    return this.published.filter((p) => p.channel === channel);
  }
}

class TestSocket implements Socket {
  events: SocketEvents = { text() {}, binary() {}, close() {} };
  readonly open = true;
  readonly buffered = 0;
  readonly texts: string[] = [];
  readonly frames: Uint8Array[] = [];
  sendText(message: string): void {
    this.texts.push(message);
  }
  sendBinary(message: Uint8Array): void {
    this.frames.push(message);
  }
  whenBelow(): void {}
  close(): void {}
  terminate(): void {}
  says(message: object): void {
    this.events.text(JSON.stringify(message));
  }
}

const directory = {
  client: (_token, done) =>
    done({ userId: USER, email: 'u@example.org', loginId: null, expiresAt: Date.now() + 3_600_000 }),
  agent: (_token, _name, done) => done({ machineId: MACHINE, userId: USER, name: 'box' }),
  machines: (_userId, done) => done([]),
  role: (_userId, _machineId, _sessionId, done) => done('owner'),
  online: (_machineId, done) => done(true),
  seen() {},
} satisfies Directory;

let bus: HeldBus;
let pod: Pod;

beforeEach(() => {
  bus = new HeldBus();
  // Time stands still.
  const clock = { ...systemClock, after: () => ({ cancel() {} }), every: () => ({ cancel() {} }) };
  let ids = 0;
  pod = new Pod({
    ...{ id: 'pod', version: 'test', bus, directory, names, clock, random: () => 0.5, log() {} },
    presence: new MemoryPresence({ clock, defer: (run) => run() }),
    newId: () => `eeeeeeee-0000-4000-8000-${String(++ids).padStart(12, '0')}`,
  });
  pod.start();
});

/** An agent whose connection is registered here, and is not yet the one it uses. */
function agent(): TestSocket {
  const socket = new TestSocket();
  pod.acceptAgent(socket);
  const who = { machineName: 'box', token: 'agent', instanceId: CLIENT, agentVersion: 'test' };
  const register = { type: 'register', ...who, protocol: PROTOCOL_VERSION, epoch: Date.now(), lastEpoch: 0 };
  socket.says(register);
  expect(socket.texts.join()).toContain('"registered"');
  return socket;
}

/** A client that looks at the session. */
function client(): TestSocket {
  const socket = new TestSocket();
  pod.acceptClient(socket);
  socket.says({ type: 'auth', token: 'client', protocol: PROTOCOL_VERSION });
  const look = { machineId: MACHINE, sessionId: SESSION, clientId: CLIENT, attempt: 1, mode: 'stream', from: 0 };
  socket.says({ type: 'attach', ...look });
  return socket;
}

const output = (offset: number) => outputFrame(uuidBytes(SESSION), offset, { cols: 80, rows: 24 }, 1, null);

describe('INT-2', () => {
  let socket: TestSocket;
  beforeEach(() => {
    socket = agent();
    socket.says({ type: 'current', interest: [SESSION] });
  });
  const elsewhere = () => {
    const listener = bus.subscriptions.get(machineChannel);
    listener?.(Buffer.from(JSON.stringify({ type: 'tip_request', sessionId: SESSION })));
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
});

it('INT-3: a pod whose subscriptions are proven again asks for the tips of every session it has viewers of', () => {
  client();
  const asked = () => bus.on(machineChannel).filter(({ text }) => text.includes('"tip_request"')).length;
  const before = asked();
  bus.restored();
  expect(asked()).toBe(before + 1);
});

it('DRAIN-2: interest moves when the agent moves, not when it registers', () => {
  const viewer = client();
  const socket = agent();
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

function acknowledgement(): Uint8Array {
  const consumed = { offset: 0, snapshot: 0, chunks: 0, ended: false };
  return ackFrame(uuidBytes(SESSION), uuidBytes(CLIENT), 1, consumed);
}

it('CU-10: an echo of a marker restores no old state', () => {
  const host = {
    pod: { counters: { demotions: 0 }, toMachine() {} },
    ...{ socket: new TestSocket(), tell() {}, refused() {} },
  } as unknown as ViewerHost;
  const ids = { sessionId: SESSION, clientId: CLIENT, attempt: 1 };
  const viewer = new Viewer(host, MACHINE, { type: 'attach', ...ids, from: 0, mode: 'stream' } as never, null);
  const size = { cols: 80, rows: 24 };
  const rest = { inputOffset: 0, readOnly: false, sizePolicy: 'latest', driver: null, first: 0, end: 0 } as const;
  viewer.message({ type: 'attached', ...ids, ...size, ...rest });
  const marker = (type: 'live' | 'catching_up', serial: number): SessionMessage => ({
    ...{ type, ...ids, round: 0, marker: serial, offset: 0 },
  });
  viewer.message(marker('live', 1));
  expect(viewer.state).toBe('live');
  viewer.message(marker('catching_up', 2));
  viewer.message(marker('live', 1));
  expect(viewer.state).toBe('catching_up');
  viewer.message(marker('live', 3));
  viewer.message(marker('catching_up', 2));
  expect(viewer.state).toBe('live');
});

it('FL-5: for a JSON client the pod acknowledges what its socket has drained, and answers every tip', () => {
  const due: (() => void)[] = [];
  const clock = {
    ...systemClock,
    after: (_ms: number, run: () => void) => {
      due.push(run);
      return { cancel() {} };
    },
    every: () => ({ cancel() {} }),
  };
  const acks: Uint8Array[] = [];
  const socket = { ...new TestSocket(), buffered: 0, sendText() {} };
  const of = { sessionId: SESSION, clientId: CLIENT, attempt: 1, from: 0 };
  const writer = new JsonWriter(of, socket as unknown as Socket, clock, (frame) => acks.push(frame));
  const look = () => {
    for (const run of due.splice(0)) run();
  };
  socket.buffered = 1_000_000;
  writer.output(output(0), 0);
  look();
  expect(acks).toHaveLength(0);
  writer.tip(null);
  writer.tip(null);
  expect(acks.map(framePosition)).toEqual([0, 0]);
  socket.buffered = 0;
  look();
  expect(acks.map(framePosition)).toEqual([0, 0, 1]);
  writer.stop();
});

it('FL-2: a lone reader that catches up has credit for half of the history, and no more', () => {
  const history = 1_000;
  const reader = (ack: number): Paced => ({
    ...{ live: false, proved: true, ack, progressAt: 0, owesSince: 0, window: { size: 100 } },
    ...{ patience: 0, waitedFor: false },
  });
  const waits = (behind: number) => mustPause([reader(10_000 - behind)], 10_000, history, 1);
  expect(waits(400)).toBe(false);
  expect(waits(600)).toBe(true);
  // One that is live has its window alone.
  expect(mustPause([{ ...reader(9_600), live: true }], 10_000, history, 1)).toBe(true);
});
