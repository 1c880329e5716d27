// The agent's connection to the relay over time: registers, reconnects, moves from pod to pod without losing a byte.
// The rules OWN-1 to OWN-6 and DRAIN-1 to DRAIN-4 of SPEC.md, the agent's side.
import {
  type AgentToRelay,
  type ErrorCode,
  FRAME,
  frameType,
  HermitError,
  LIMITS,
  type MachineMessage,
  type MessageOf,
  PROTOCOL_OLDEST,
  PROTOCOL_VERSION,
  parserOf,
  RelayToAgent,
  reconnectAfter,
  relayTooOld,
} from '@hermit/protocol';
import { Backoff, type Clock, type Dial, type Random, type Socket, type Timer } from '@hermit/transport';
import type { Session } from '../session/session.ts';
import type { Exit, Sessions } from '../session/sessions.ts';
import { POOLED_FROM } from './frame-pool.ts';
import { type ConnectionEvents, RelayConnection } from './relay-connection.ts';
import { Turns } from './turns.ts';

/** How long changes of what presence shows are collected; milliseconds. */
const ANNOUNCE_AFTER = 50;

export type LinkState =
  | { state: 'connecting' }
  | { state: 'registered'; machineId: string; pod: string }
  | { state: 'waiting'; retryInMs: number; reason: string }
  /** The relay will not have us; `final`: we do not ask again. */
  | { state: 'refused'; code: ErrorCode; message: string; final: boolean };

export type LinkParts = {
  /** WebSocket address of the relay's agent socket. */
  url: string;
  machineName: string;
  token: string;
  instanceId: string;
  agentVersion: string;
  dial: Dial;
  clock: Clock;
  random: Random;
  /** Runs soon, after what is being handled now (setImmediate). */
  defer: (run: () => void) => void;
  /** A frame has left, and nobody reads it any more. */
  left?: (frame: Uint8Array) => void;
  onState: (state: LinkState) => void;
  /** The relay has not understood something that we said: one of the two is wrong. */
  onError?: (error: HermitError) => void;
};

/** Refusals that no retry can mend. */
const FINAL: ReadonlySet<string> = new Set([
  'INVALID_TOKEN',
  'MACHINE_NAME_MISMATCH',
  'SUPERSEDED',
  'PROTOCOL_VERSION',
]);

const parse = parserOf(RelayToAgent);

/** What the link serves. */
export type Served = Pick<Sessions, 'list' | 'attachments' | 'interest' | 'tipAll' | 'message' | 'frame'>;

export class Link implements Exit {
  /** Set once, before `start`. */
  sessions!: Served;
  private connections: RelayConnection[] = [];
  private current: RelayConnection | null = null;
  private connecting: RelayConnection | null = null;
  private retry: Timer | null = null;
  private asked = 0;
  private lastEpoch = 0;
  /** DRAIN-1: a handover is in progress; what is sent now waits for its end. */
  private holding = false;
  private held: (string | Uint8Array)[] = [];
  /** The handover in progress: `passed` counts a connection as passed by its fence. */
  private moving: { passed(c: RelayConnection): void } | null = null;
  private stopped = true;
  private scheduled = false;
  private serving = false;
  /** What is sent is waited for by a person: it leaves at once, with what was sent just before. */
  private prompt = false;
  private full = false;
  private announcing: Timer | null = null;
  /** Runs when a session has gathered for long enough. */
  private gathering: Timer | null = null;
  private readonly turns = new Turns();
  private readonly backoff: Backoff;
  private readonly parts: LinkParts;
  private readonly events: ConnectionEvents = {
    opened: (c) => this.introduce(c),
    text: (c, message) => this.received(c, message),
    binary: (c, frame) => {
      const type = frameType(frame);
      if (type !== 0 && this.connections.includes(c)) this.sessions.frame(type, frame);
    },
    closed: (c, code, reason) => this.closed(c, code, reason),
  };

  constructor(parts: LinkParts) {
    this.parts = parts;
    this.backoff = new Backoff(parts.random);
  }

  start(): void {
    this.stopped = false;
    this.connect();
  }

  /** Leaves the relay; sessions stay. What was sent before still arrives. */
  stop(): void {
    this.stopped = true;
    this.retry?.cancel();
    this.announcing?.cancel();
    this.gathering?.cancel();
    for (const c of [...this.connections]) c.close();
  }

  // ---- What sessions send

  get connected(): boolean {
    return this.current !== null;
  }

  message(message: AgentToRelay): void {
    this.send(JSON.stringify(message));
  }

  reply(message: AgentToRelay): void {
    this.send(JSON.stringify(message));
  }

  frame(frame: Uint8Array): void {
    this.send(frame);
    if (this.prompt && frame[0] === FRAME.output) this.current?.socket?.flush?.();
  }

  wants(session: Session): void {
    const alone = this.turns.empty;
    this.turns.add(session);
    // While a flood is gathered a pass for each piece of it would find nothing to do, and cost more than all else.
    if (this.gathering !== null && session.due > this.parts.clock.monotonic()) return;
    const { pending } = session;
    // What a person waits for, when nobody else waits: a turn of the event loop later it would be no larger.
    if (alone && pending > 0 && pending <= LIMITS.small && !this.serving && !this.full) {
      this.prompt = true;
      this.serve();
      this.prompt = false;
    } else this.schedule();
  }

  changed(): void {
    this.announcing ??= this.parts.clock.after(ANNOUNCE_AFTER, () => {
      this.announcing = null;
      this.announce();
    });
  }

  private announce(): void {
    if (!this.current) return;
    const { list: sessions, attachments } = this.sessions;
    this.message({ type: 'sessions', sessions, attachments });
  }

  private send(message: string | Uint8Array): void {
    if (this.holding) this.held.push(message);
    else if (typeof message === 'string') this.current?.socket?.sendText(message);
    else {
      const { left } = this.parts;
      const taken = left && message.length >= POOLED_FROM ? () => left(message) : undefined;
      this.current?.socket?.sendBinary(message, taken);
    }
  }

  private schedule(): void {
    if (this.scheduled || this.holding || this.full) return;
    this.scheduled = true;
    this.parts.defer(() => {
      this.scheduled = false;
      this.serve();
    });
  }

  /** Lets sessions send for as long as the socket takes it. */
  private serve(): void {
    if (this.holding || this.turns.empty) return;
    const socket = this.current?.socket;
    if (!socket) {
      this.turns.flush();
      return;
    }
    const { clock } = this.parts;
    const now = clock.monotonic();
    this.serving = true;
    const next = this.turns.run(() => socket.buffered < LIMITS.linkBound, now);
    this.serving = false;
    if (next !== null) {
      this.gathering ??= clock.after(next - now, () => {
        this.gathering = null;
        this.serve();
      });
    } else if (!this.turns.empty && !this.full) this.waitForRoom(socket);
  }

  private waitForRoom(socket: Socket): void {
    this.full = true;
    socket.whenBelow(LIMITS.linkBound / 2, () => {
      if (this.current?.socket !== socket) return;
      this.full = false;
      this.serve();
    });
  }

  // ---- Connecting

  /**
   * Opens a connection unless one is being opened, or moved to. OWN-1: with an epoch above all before, at least the
   * clock; one at a time, so that whoever is registered is the latest.
   */
  private connect(): void {
    if (this.stopped || this.connecting || this.moving) return;
    this.retry?.cancel();
    this.retry = null;
    const { clock, dial, url, onState } = this.parts;
    this.asked = Math.max(this.asked, this.lastEpoch, Math.floor(clock.now())) + 1;
    if (!this.current) onState({ state: 'connecting' });
    const c = new RelayConnection(url, this.asked, dial, clock, this.events);
    this.connections.push(c);
    this.connecting = c;
  }

  private introduce(c: RelayConnection): void {
    const { machineName, token, instanceId, agentVersion } = this.parts;
    const { epoch } = c;
    const { lastEpoch } = this;
    const protocol = PROTOCOL_VERSION;
    const register = { type: 'register', machineName, token, protocol, epoch, lastEpoch, instanceId, agentVersion };
    c.socket?.sendText(JSON.stringify(register));
  }

  /** Whether a (further) connection is needed. */
  private get needed(): boolean {
    return !this.stopped && (this.current === null || this.current.draining);
  }

  private connectLater(waitMs: number, reason: string): void {
    if (!this.needed || this.retry || this.connecting) return;
    if (!this.current) this.parts.onState({ state: 'waiting', retryInMs: waitMs, reason });
    this.retry = this.parts.clock.after(waitMs, () => {
      this.retry = null;
      if (this.needed) this.connect();
    });
  }

  private closed(c: RelayConnection, code: number, reason: string): void {
    this.connections = this.connections.filter((x) => x !== c);
    if (this.connecting === c) this.connecting = null;
    if (c === this.current) {
      this.current = null;
      this.full = false;
      // In a handover the next connection stands already; only its fence is waited for.
      if (this.moving) this.moving.passed(c);
      else this.release();
    }
    if (this.moving) return;
    const atOnce = c.answered && reconnectAfter(code) === 'at once';
    this.connectLater(atOnce ? 0 : this.backoff.next(), reason || `closed with ${code}`);
  }

  // ---- What the relay says

  private received(c: RelayConnection, text: string): void {
    if (!this.connections.includes(c)) return; // OWN-1: an answer that was overtaken, or anything else that comes too late
    let m: RelayToAgent;
    try {
      m = parse(text);
    } catch (error) {
      if (error instanceof HermitError) return; // a later version's message; SPEC.md, VERSION-3
      throw error;
    }
    if (c.handle(m)) return;
    switch (m.type) {
      case 'registered':
        this.registered(c, m);
        return;
      case 'draining':
        c.draining = true;
        this.backoff.reset();
        if (c === this.current) this.connect();
        return;
      case 'fence_passed':
        c.fencePassed?.(m.epoch);
        return;
      case 'announce':
        if (c === this.current) this.announce();
        return;
      case 'error':
        this.parts.onError?.(new HermitError(m.code, m.message));
        return;
      case 'superseded':
        if (m.otherInstance && c === this.current) this.refused('SUPERSEDED');
        return;
      default:
        this.sessions.message(m as MachineMessage);
    }
  }

  private registered(c: RelayConnection, m: MessageOf<RelayToAgent, 'registered'>): void {
    if (c.answered) return;
    c.answered = true;
    if (this.connecting === c) this.connecting = null;
    if (!m.success) {
      const { code, message, storedEpoch } = m.error ?? { code: 'INTERNAL', message: 'no reason given' };
      if (storedEpoch) this.asked = Math.max(this.asked, storedEpoch); // OWN-6
      if (FINAL.has(code)) this.refused(code, message);
      c.close();
      return;
    }
    if (m.protocol < PROTOCOL_OLDEST) {
      this.refused('PROTOCOL_VERSION', relayTooOld(m.protocol, 'agent'));
      c.close();
      return;
    }
    this.lastEpoch = Math.max(this.lastEpoch, c.epoch);
    this.backoff.reset();
    c.pod = m.pod ?? '';
    const old = this.current;
    const use = () => this.use(c, m.machineId ?? '');
    if (!old?.open) use();
    else this.handOver(old, c, use);
  }

  private refused(code: ErrorCode, message: string = new HermitError(code).message): void {
    const final = FINAL.has(code);
    if (final) {
      this.stopped = true;
      this.retry?.cancel();
    }
    this.parts.onState({ state: 'refused', code, message, final });
  }

  /** DRAIN-1: nothing goes out until what went by the old connection has passed both pods, or 200 ms. */
  private handOver(old: RelayConnection, next: RelayConnection, use: () => void): void {
    this.holding = true;
    const waits = new Set([old, next]);
    let moved = false;
    const move = () => {
      if (moved) return;
      moved = true;
      timer.cancel();
      this.moving = null;
      use();
    };
    const passed = (c: RelayConnection) => {
      if (waits.delete(c) && waits.size === 0) move();
    };
    this.moving = { passed };
    for (const c of [old, next]) {
      c.fencePassed = (epoch) => {
        if (epoch === next.epoch) passed(c);
      };
    }
    const timer = this.parts.clock.after(LIMITS.fence, move);
    old.socket?.sendText(JSON.stringify({ type: 'flush', epoch: next.epoch }));
  }

  private use(c: RelayConnection, machineId: string): void {
    const old = this.current;
    if (!this.connections.includes(c)) {
      // It died meanwhile: stay where we are, and try again.
      this.release();
      this.connectLater(this.backoff.next(), 'the new connection closed');
      return;
    }
    this.current = c;
    this.full = false;
    c.socket?.sendText(JSON.stringify({ type: 'current', interest: this.sessions.interest }));
    this.release();
    this.announce();
    this.sessions.tipAll();
    this.parts.onState({ state: 'registered', machineId, pod: c.pod });
    old?.close();
    // The pod may have said that it drains while we were on our way to it.
    if (c.draining) this.connect();
  }

  private release(): void {
    if (this.holding) {
      this.holding = false;
      const { held } = this;
      this.held = [];
      for (const message of held) this.send(message);
    }
    this.schedule();
  }
}
