// One PTY and everybody who looks at it: the agent's half of the rules CU, FL and IN of SPEC.md.
//
//   terminal ──▶ log ──▶ delivery ──▶ attachments
//      ▲          └───▶ screen ──▶ snapshots
//      └── gate ◀── input frames
import {
  type Consumed,
  type Exit,
  HermitError,
  LIMITS,
  type MessageOf,
  type RelayToAgent,
  type SessionInfo,
  type Size,
  type SizePolicy,
  uuidBytes,
} from '@hermit/protocol';
import type { Clock } from '@hermit/transport';
import type { CreateScreen, Screen } from '../screen/screen.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { Attachment } from './attachment.ts';
import { Delivery, type Outlet } from './delivery.ts';
import { Departed } from './departed.ts';
import { InputAcks } from './input-acks.ts';
import { InputGate } from './input-gate.ts';
import { type HistoryBudget, OutputLog } from './output-log.ts';
import { mustPause, Patience } from './pacer.ts';
import { Seating } from './seating.ts';
import { Tips } from './tips.ts';

/** Beside what is delivered: who wants to, and what presence should show. */
export interface SessionOutlet extends Outlet {
  /** There is output to send: `pump` will be called when there is room. */
  wants(session: Session): void;
  /** Presence should show something else now. */
  changed(): void;
}

export type SessionParts = {
  id: string;
  name: string;
  command: string;
  size: Size;
  sizePolicy: SizePolicy;
  terminal: Terminal;
  createScreen: CreateScreen;
  outlet: SessionOutlet;
  clock: Clock;
  budget: HistoryBudget;
  history?: number;
  historyBehind?: number;
  alloc?: (length: number) => Uint8Array;
};

export class Session {
  readonly id: string;
  readonly idBytes: Uint8Array;
  readonly createdAt: number;
  readonly name: string;
  readonly log: OutputLog;
  readonly attachments = new Map<string, Attachment>();
  exit: Exit | null = null;
  endedAt: number | null = null;
  paused = false;

  private readonly command: string;
  private readonly terminal: Terminal;
  private readonly screen: Screen;
  private readonly outlet: SessionOutlet;
  private readonly clock: Clock;
  private readonly gate = new InputGate(LIMITS.inputPositions, (id) => this.attachments.has(id));
  private readonly inputAcks: InputAcks;
  private readonly departed = new Departed();
  private readonly patience = new Patience();
  private readonly history: number;
  private readonly delivery: Delivery;
  readonly seating: Seating;
  private readonly tips = new Tips();
  private reading = true;

  constructor(parts: SessionParts) {
    this.id = parts.id;
    this.idBytes = uuidBytes(parts.id);
    this.name = parts.name;
    this.command = parts.command;
    this.seating = new Seating(this, parts.sizePolicy);
    this.terminal = parts.terminal;
    this.outlet = parts.outlet;
    this.clock = parts.clock;
    this.history = parts.history ?? LIMITS.history;
    this.createdAt = parts.clock.now();
    const limits = { limit: this.history, extended: parts.historyBehind ?? LIMITS.historyBehind };
    this.log = new OutputLog(parts.size, { ...limits, needed: () => this.needed() }, parts.budget);
    this.screen = parts.createScreen(parts.size, LIMITS.snapshotScrollback);
    this.screen.onCaughtUp(() => this.pace());
    this.screen.onReply((bytes) => this.answer(bytes));
    this.delivery = new Delivery(this, { ...parts, screen: this.screen });
    this.inputAcks = new InputAcks({
      idBytes: this.idBytes,
      clock: parts.clock,
      applied: (id) => this.gate.applied(id),
      frame: (frame) => this.outlet.frame(frame),
      alloc: parts.alloc,
    });
    this.terminal.onDrain(() => {
      // All that a client keeps finds room then.
      if (this.terminal.unread <= LIMITS.unreadInput / 2) this.inputAcks.room();
    });
    this.terminal.onData((bytes) => this.output(bytes));
    this.terminal.onExit((exit) => this.ended(exit));
  }

  get info(): SessionInfo {
    return {
      id: this.id,
      name: this.name,
      command: this.command,
      createdAt: this.createdAt,
      attachedClients: this.attachments.size,
      ...this.size,
      sizePolicy: this.seating.policy,
      ...(this.delivery.title ? { title: this.delivery.title.slice(0, 256) } : {}),
      ...(this.exit ? { exit: this.exit } : {}),
    };
  }

  get size(): Size {
    const { cols, rows } = this.log.size;
    return { cols, rows };
  }

  // ---- The program

  private output(bytes: Uint8Array): void {
    this.log.append(bytes);
    this.screen.write(bytes);
    const now = this.clock.monotonic();
    for (const a of this.attachments.values()) a.owesSince ??= now;
    this.wants();
    this.pace();
  }

  /** IN-6: the screen's answer to a query of a program that nobody looked at, and nobody does. */
  private answer(bytes: Uint8Array): void {
    if (this.attachments.size > 0 || this.exit !== null) return;
    if (this.terminal.unread + bytes.length <= LIMITS.unreadInput) this.terminal.write(bytes);
  }

  private ended(exit: Exit): void {
    this.exit = exit;
    this.endedAt = this.clock.monotonic();
    this.outlet.message({ type: 'session_ended', sessionId: this.id, ...exit });
    this.tip();
    this.outlet.changed();
  }

  /** Ends the program; its exit is told as any other. */
  kill(signal: string): void {
    if (this.exit === null) this.terminal.kill(signal);
  }

  dispose(): void {
    this.kill('SIGKILL');
    // It may be waiting for room, or for its screen: nobody is to be sent what is there no more.
    this.attachments.clear();
    this.inputAcks.stop();
    this.screen.dispose();
    this.log.dispose();
  }

  // ---- What attachments ask for (from any pod, perhaps twice, late, or by an old connection)

  attach(m: MessageOf<RelayToAgent, 'attach'>): void {
    const now = this.clock.monotonic();
    const old = this.attachments.get(m.clientId);
    if (old && m.attempt < old.attempt && old.userId === m.userId) return;
    try {
      if (old && old.userId !== m.userId) throw new HermitError('ATTACHMENT_TAKEN');
      if (!old && this.attachments.size >= LIMITS.attachmentsPerSession) throw new HermitError('ATTACHMENT_LIMIT');
      this.gate.admit(m.clientId, m.userId, m.inputFrom);
    } catch (error) {
      if (!(error instanceof HermitError)) throw error;
      const { sessionId, clientId, attempt } = m;
      const { code, message } = error;
      this.outlet.message({ type: 'attach_refused', sessionId, clientId, attempt, code, message });
      return;
    }
    if (old && old.attempt === m.attempt) {
      // CU-4: a repeat rewinds nothing.
      old.heardAt = now;
      this.tellAttached(old);
      return;
    }
    const place = this.departed.take(m.clientId, m.userId);
    const known = old ?? place;
    const size = sizeIn(m) ?? old?.size ?? null;
    const a = new Attachment(
      {
        id: m.clientId,
        userId: m.userId,
        pod: m.pod,
        readOnly: m.readOnly,
        mode: m.mode,
        attempt: m.attempt,
        size,
        attachedAt: known?.attachedAt ?? this.clock.now(),
        typed: known?.typed ?? 0,
        since: known?.since ?? this.seating.next(),
      },
      now,
    );
    this.attachments.set(a.id, a);
    a.ack = Math.min(m.from ?? 0, this.log.end);
    // FL-3: that it came again is no progress.
    if (known && m.from !== null && a.ack <= known.ack) {
      a.progressAt = known.progressAt;
      a.owesSince = known.owesSince ?? now;
    }
    this.delivery.catchUp(a, m.from, null);
    this.tellAttached(a);
    this.screen.answer(false);
    this.seating.welcome(a, place);
    // `attached` says the same, and is asked for until it arrives.
    if (this.attachments.size === 1) this.tips.known();
    this.pace();
    this.outlet.changed();
  }

  detach(m: MessageOf<RelayToAgent, 'detach'>): void {
    const a = this.attachments.get(m.clientId);
    if (!a || a.attempt !== m.attempt) return; // CU-3: the late detach of a dead pod
    this.forget(a);
  }

  /** The attachment that a message means; an unknown one is told so (CU-4), an old attempt ignored (CU-3). */
  private attachmentOf(m: { clientId: string; attempt: number }): Attachment | null {
    const a = this.attachments.get(m.clientId);
    if (!a || m.attempt > a.attempt) {
      const { clientId, attempt } = m;
      this.outlet.message({ type: 'unknown_attachment', sessionId: this.id, clientId, attempt });
      return null;
    }
    return m.attempt === a.attempt ? a : null;
  }

  acknowledge(clientId: string, attempt: number, m: Consumed): void {
    const a = this.attachmentOf({ clientId, attempt });
    if (!a) return;
    a.acknowledge(m, this.clock.monotonic(), this.log.end, this.paused);
    if (m.ended && this.exit) a.endAcked = true;
    this.wants();
    this.pace();
  }

  /** CU-5: a catch-up request of a pod. */
  catchUpRequest(m: MessageOf<RelayToAgent, 'catch_up'>): void {
    const a = this.attachmentOf(m);
    if (!a || m.round <= a.round) return;
    a.heardAt = this.clock.monotonic();
    a.round = m.round;
    a.to.round = m.round;
    this.delivery.catchUp(a, m.from, m.snapshot);
    this.pace();
  }

  /** Input by its own number, whatever the attempt (CU-3). `reply`: a terminal's answer to a query. */
  input(clientId: string, attempt: number, position: number, bytes: Uint8Array, reply: boolean): void {
    const a = this.attachments.get(clientId);
    if (!a || attempt > a.attempt) {
      this.outlet.message({ type: 'unknown_attachment', sessionId: this.id, clientId, attempt });
      return;
    }
    if (a.readOnly) return;
    a.heardAt = this.clock.monotonic();
    const room = this.exit ? bytes.length : LIMITS.unreadInput - this.terminal.unread;
    const { fresh, gap } = this.gate.take(clientId, position, bytes, room);
    if (fresh.length > 0 && this.exit === null) {
      if (!reply) this.seating.typed(a);
      if (!reply || a.id === this.seating.driver) this.terminal.write(fresh);
    }
    const full = !gap && position + bytes.length > this.gate.applied(clientId);
    this.inputAcks.arrived(a, fresh.length, gap, full);
  }

  resized(m: MessageOf<RelayToAgent, 'resize'>): void {
    const a = this.attachmentOf(m);
    if (!a || a.readOnly) return;
    a.size = { cols: m.cols, rows: m.rows };
    this.seating.settle();
  }

  drive(m: MessageOf<RelayToAgent, 'drive'>): void {
    const a = this.attachmentOf(m);
    if (!a || a.readOnly) return;
    // Always answered: who asks again has not heard the answer.
    if (!this.seating.drive(a)) this.tip();
  }

  setSizePolicy(m: MessageOf<RelayToAgent, 'set_size_policy'>): void {
    const a = this.attachmentOf(m);
    if (!a || a.readOnly) return;
    this.seating.change(m.sizePolicy, sizeIn(m));
    this.outlet.changed();
  }

  // ---- What seating asks

  reseated(): void {
    this.tips.changed(this.clock.monotonic());
    this.tip();
  }

  /** CU-9: the size is part of the stream. */
  resize(size: Size): boolean {
    const { cols, rows } = this.size;
    if (this.exit !== null || (size.cols === cols && size.rows === rows)) return false;
    this.log.resize(size);
    this.screen.resize(size);
    this.terminal.resize(size);
    this.outlet.changed();
    return true;
  }

  private forget(a: Attachment): void {
    this.attachments.delete(a.id);
    const { driver, serial } = this.seating;
    this.departed.remember(a, driver === a.id, serial, this.clock.monotonic());
    this.inputAcks.forget(a);
    this.screen.answer(this.attachments.size === 0);
    this.seating.settle();
    this.pace();
    this.outlet.changed();
  }

  private tellAttached(a: Attachment): void {
    this.outlet.message({
      type: 'attached',
      sessionId: this.id,
      clientId: a.id,
      attempt: a.attempt,
      inputOffset: this.gate.applied(a.id),
      readOnly: a.readOnly,
      ...this.size,
      ...this.seated,
      first: this.log.base,
      end: this.log.end,
    });
  }

  private get seated(): { sizePolicy: SizePolicy; driver: string | null } {
    return { sizePolicy: this.seating.policy, driver: this.seating.driver };
  }

  /** The first byte that a reader of every byte may still ask for. */
  private needed(): number {
    let least = this.departed.needs;
    for (const a of this.attachments.values()) if (a.mode === 'stream' && a.ack < least) least = a.ack;
    return least;
  }

  // ---- What delivery asks, and is asked

  /** Sends what may be sent, at most about `room` bytes; 0 means that there is nothing to do. Called by the link. */
  pump(room: number): number {
    return this.delivery.pump(room);
  }

  /** Bytes that live viewers wait for: a small number marks a session that people type in. */
  get pending(): number {
    return this.delivery.pending;
  }

  /** From when on `pump` may send (monotonic). */
  get due(): number {
    return this.delivery.due;
  }

  wants(): void {
    this.outlet.wants(this);
  }

  sendsToAll(now: number): void {
    this.inputAcks.withOutput(now);
  }

  // ---- Time

  /** CU-1, CU-2: the end, and how far each attachment was sent, in order with the data. */
  tip(): void {
    this.tips.told(this.clock.monotonic());
    const positions: Record<string, ReturnType<Attachment['position']>> = {};
    for (const a of this.attachments.values()) positions[a.id] = a.position(this.delivery.shared);
    this.outlet.message({
      type: 'tip',
      sessionId: this.id,
      end: this.log.end,
      ...this.size,
      ...this.seated,
      ...(this.exit ? { exit: this.exit } : {}),
      positions,
    });
  }

  /** The program is not read from: for its viewers, or for its own screen. */
  get waiting(): boolean {
    return !this.reading;
  }

  /** Somebody is attached, or may be back soon. */
  get occupied(): boolean {
    return this.attachments.size > 0 || !this.departed.empty;
  }

  /** Somebody makes progress towards the end of what the program printed. */
  beingRead(now: number): boolean {
    for (const a of this.attachments.values())
      if (a.ack < this.log.end && now - a.progressAt < LIMITS.attachmentLease) return true;
    return false;
  }

  /** Called about every 100 ms while `occupied`. */
  tick(): void {
    const now = this.clock.monotonic();
    this.departed.forgetOld(now);
    this.log.settle();
    let owing = false;
    for (const a of this.attachments.values()) {
      if (now - a.heardAt > LIMITS.attachmentLease) this.forget(a);
      else if (a.ack < this.log.end || (this.exit && !a.endAcked)) owing = true;
    }
    this.pace();
    if (this.tips.repeats(now)) this.tip();
    if (owing) {
      this.wants();
      if (this.tips.due(now)) this.tip();
    }
  }

  /** Pauses or resumes the program. With nobody attached it never waits, except for its own screen. */
  private pace(): void {
    const now = this.clock.monotonic();
    const { end } = this.log;
    const held = this.patience.holds(this.attachments.values(), end, now);
    this.paused = held || mustPause(this.attachments.values(), end, this.history, now, this.delivery.pending);
    const reading = !this.paused && !this.screen.full;
    if (reading === this.reading || this.exit !== null) return;
    this.reading = reading;
    if (reading) this.terminal.resume();
    else this.terminal.pause();
  }
}

function sizeIn({ cols, rows }: Partial<Size>): Size | null {
  return cols !== undefined && rows !== undefined ? { cols, rows } : null;
}
