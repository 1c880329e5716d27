// A real pod whose bus, presence, sockets and time the test holds in its hands: nothing happens unless the test says so.
import { PROTOCOL_VERSION } from '@hermit/protocol';
import type { Socket, SocketEvents } from '@hermit/transport';
import { VirtualClock } from '../../../packages/client/src/kit/virtual-clock.ts';
import type { Role } from '../../../services/relay/src/auth/permissions.ts';
import type { Bus, Listener, Published } from '../../../services/relay/src/bus/bus.ts';
import type { Claim, Renewed } from '../../../services/relay/src/presence/presence.ts';
import { MemoryPresence } from '../../../services/relay/src/presence/presence-memory.ts';
import { redisNames } from '../../../services/relay/src/redis/redis-names.ts';
import type { Directory } from '../../../services/relay/src/relay/directory.ts';
import { Pod } from '../../../services/relay/src/relay/pod.ts';

export const MACHINE = 'bbbbbbbb-0000-4000-8000-000000000001';
export const SESSION = 'cccccccc-0000-4000-8000-000000000001';
export const CLIENT = 'dddddddd-0000-4000-8000-000000000001';
export const USER = 'aaaaaaaa-0000-4000-8000-000000000001';
/** What a client says to look at it. */
export const LOOK = {
  ...{ type: 'attach', machineId: MACHINE, sessionId: SESSION, clientId: CLIENT },
  ...{ attempt: 1, mode: 'stream', from: 0 },
} as const;
const names = redisNames('h:');
export const machineChannel = names.machineChannel(MACHINE);
export const sessionChannel = names.sessionChannel(MACHINE, SESSION);

/** Keeps what is published until the test says how many it reached; confirms subscriptions at once, unless it holds. */
export class HeldBus implements Bus {
  readonly publishing = true;
  readonly subscriptions = new Map<string, Listener>();
  readonly published: { channel: string; text: string; done: Published | undefined }[] = [];
  restored: () => void = () => {};
  /** Confirmations that wait for `confirm`; null: they come at once. */
  held: (() => void)[] | null = null;

  publish(channel: string, message: Uint8Array | string, done?: Published): void {
    const text = typeof message === 'string' ? message : '';
    this.published.push({ channel, text, done });
  }
  subscribe(channel: string, listener: Listener, confirmed?: () => void): void {
    this.subscriptions.set(channel, listener);
    if (this.held) this.held.push(() => confirmed?.());
    else confirmed?.();
  }
  unsubscribe(channel: string): void {
    this.subscriptions.delete(channel);
  }
  onRestored(listener: () => void): void {
    this.restored = listener;
  }
  async close(): Promise<void> {}

  confirm(): void {
    for (const confirmed of this.held ?? []) confirmed();
    this.held = null;
  }

  on(channel: string) {
    return this.published.filter((p) => p.channel === channel);
  }

  /** How many messages of a type were published on the machine's channel. */
  said(type: string): number {
    return this.on(machineChannel).filter(({ text }) => text.includes(`"${type}"`)).length;
  }
}

/** Everything in memory; `away`: nobody answers. */
class HeldPresence extends MemoryPresence {
  away = false;
  override renew(claim: Claim, done: (renewed: Renewed) => void): void {
    if (this.away) done({ result: 'unavailable' });
    else super.renew(claim, done);
  }
}

export class TestSocket implements Socket {
  events: SocketEvents = { text() {}, binary() {}, close() {} };
  open = true;
  buffered = 0;
  readonly texts: string[] = [];
  readonly frames: Uint8Array[] = [];
  sendText(message: string): void {
    this.texts.push(message);
  }
  sendBinary(message: Uint8Array): void {
    this.frames.push(message);
  }
  whenBelow(): void {}
  close(code: number): void {
    this.shut(code);
  }
  terminate(): void {
    this.shut(1006);
  }
  private shut(code: number): void {
    if (!this.open) return;
    this.open = false;
    this.events.close(code, '');
  }

  says(message: object): void {
    this.events.text(JSON.stringify(message));
  }
  heard(type: string): boolean {
    return this.texts.some((text) => text.includes(`"type":"${type}"`));
  }
}

export class HandPod {
  readonly bus = new HeldBus();
  readonly clock = new VirtualClock();
  readonly presence = new HeldPresence({ clock: this.clock, defer: (run) => run() });
  readonly pod: Pod;
  /** What the agent chose when it registered. */
  epoch = 0;
  role: Role = 'owner';
  /** Answers about rights that wait for `answer`; null: they come at once. */
  held: (() => void)[] | null = null;

  constructor() {
    const { bus, clock, presence } = this;
    let ids = 0;
    this.pod = new Pod({
      ...{ id: 'pod', version: 'test', bus, names, clock, presence, random: () => 0.5, log() {} },
      directory: this.directory(),
      newId: () => `eeeeeeee-0000-4000-8000-${String(++ids).padStart(12, '0')}`,
    });
    this.pod.start();
  }

  private directory(): Directory {
    const expiresAt = this.clock.now() + 3_600_000;
    return {
      client: (_token, done) => done({ userId: USER, email: 'u@example.org', loginId: null, expiresAt }),
      still: (_who, done) => done(null),
      agent: (_token, _name, done) => done({ machineId: MACHINE, userId: USER, name: 'box' }),
      machines: (_userId, done) => done([]),
      role: (_userId, _machineId, _sessionId, done) => {
        if (this.held) this.held.push(() => done(this.role));
        else done(this.role);
      },
      online: (machineIds, done) => done(new Set(machineIds)),
      seen() {},
    };
  }

  answer(): void {
    for (const answered of this.held ?? []) answered();
    this.held = null;
  }

  /** An agent that has asked to be registered. */
  registering(): TestSocket {
    const socket = new TestSocket();
    this.pod.acceptAgent(socket);
    this.epoch = this.clock.now();
    const who = { machineName: 'box', token: 'agent', instanceId: CLIENT, agentVersion: 'test' };
    socket.says({ type: 'register', ...who, protocol: PROTOCOL_VERSION, epoch: this.epoch, lastEpoch: 0 });
    return socket;
  }

  /** An agent that sends through this pod. */
  agent(): TestSocket {
    const socket = this.registering();
    socket.says({ type: 'current', interest: [] });
    return socket;
  }

  /** A client that has said who it is. */
  person(encoding?: 'json'): TestSocket {
    const socket = new TestSocket();
    this.pod.acceptClient(socket);
    socket.says({ type: 'auth', token: 'client', protocol: PROTOCOL_VERSION, ...(encoding ? { encoding } : {}) });
    return socket;
  }

  /** A client that looks at the session. */
  client(): TestSocket {
    const socket = this.person();
    socket.says(LOOK);
    return socket;
  }
}
