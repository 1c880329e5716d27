// One PTY and everybody who looks at it. Implements the agent's half of stream.md; rule numbers are SPEC.md's.
//
//   terminal ──▶ log ──▶ shared frames ──▶ live attachments
//                  └───▶ addressed frames, snapshots ──▶ attachments that catch up
//   input frames ──▶ gate ──▶ terminal
import {
  type AgentToRelay,
  type Consumed,
  type Exit,
  encodeSnapshot,
  HermitError,
  inputAckFrame,
  LIMITS,
  outputFrame,
  type RelayToAgent,
  type SessionInfo,
  type SessionMessage,
  type Size,
  type SizePolicy,
  snapshotFrame,
  uuidBytes,
} from '@hermit/protocol';
import type { Clock, Timer } from '@hermit/transport';
import type { Terminal } from '../terminal/terminal.ts';
import { Attachment } from './attachment.ts';
import { Gathering } from './gathering.ts';
import { InputGate } from './input-gate.ts';
import { type HistoryBudget, OutputLog } from './output-log.ts';
import { mustPause, Patience, replayLimit } from './pacer.ts';
import type { CreateScreen, Screen } from './screen.ts';
import { driverOf, sizeOf } from './size-policy.ts';

/** Small input is acknowledged after this time, or a part of it earlier together with output; milliseconds. */
const INPUT_ACK_DELAY = 100;
const INPUT_ACK_EARLY = 50;
/** Input of at least so many bytes is a paste, whose sender waits for room. */
const PASTE = 1024;

type Of<T extends RelayToAgent['type']> = Extract<RelayToAgent, { type: T }>;

/** Where a session's frames and messages go, in order. Nothing is kept while there is no connection. */
export interface Outlet {
  /** False: nothing is connected, and what is sent now vanishes. */
  readonly connected: boolean;
  /** A message of this session, in order with its frames. */
  message(message: SessionMessage | Extract<AgentToRelay, { type: 'session_ended' | 'stats' }>): void;
  frame(frame: Uint8Array): void;
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
  outlet: Outlet;
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
  sizePolicy: SizePolicy;
  driver: string | null = null;
  /** Live attachments have been sent every byte before. */
  shared = 0;

  private readonly command: string;
  private readonly terminal: Terminal;
  private readonly screen: Screen;
  private readonly outlet: Outlet;
  private readonly clock: Clock;
  private readonly gate = new InputGate(LIMITS.inputPositions);
  private readonly gathering = new Gathering();
  private readonly patience = new Patience();
  /** Whose input was applied and not acknowledged yet. */
  private readonly unacknowledged = new Set<Attachment>();
  private inputAckTimer: Timer | null = null;
  private inputAckDue = 0;
  private readonly history: number;
  private readonly alloc: ((length: number) => Uint8Array) | undefined;
  private title = '';
  private snapshots = 0;
  private serial = 0;
  private tipAt = Number.NEGATIVE_INFINITY;
  private reading = true;

  constructor(parts: SessionParts) {
    this.id = parts.id;
    this.idBytes = uuidBytes(parts.id);
    this.name = parts.name;
    this.command = parts.command;
    this.sizePolicy = parts.sizePolicy;
    this.terminal = parts.terminal;
    this.outlet = parts.outlet;
    this.clock = parts.clock;
    this.history = parts.history ?? LIMITS.history;
    this.alloc = parts.alloc;
    this.createdAt = parts.clock.now();
    const limits = { limit: this.history, extended: parts.historyBehind ?? LIMITS.historyBehind };
    this.log = new OutputLog(parts.size, { ...limits, needed: () => this.needed() }, parts.budget);
    this.screen = parts.createScreen(parts.size, LIMITS.snapshotScrollback);
    this.screen.onCaughtUp(() => this.pace());
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
      sizePolicy: this.sizePolicy,
      ...(this.title ? { title: this.title.slice(0, 256) } : {}),
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
    this.outlet.wants(this);
    this.pace();
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
    this.inputAckTimer?.cancel();
    this.screen.dispose();
    this.log.dispose();
  }

  // ---- What attachments ask for (from any pod, perhaps twice, late, or by an old connection)

  attach(m: Of<'attach'>): void {
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
    const size = m.cols !== undefined && m.rows !== undefined ? { cols: m.cols, rows: m.rows } : (old?.size ?? null);
    const a = new Attachment(
      {
        id: m.clientId,
        userId: m.userId,
        pod: m.pod,
        readOnly: m.readOnly,
        mode: m.mode,
        attempt: m.attempt,
        size,
        attachedAt: old?.attachedAt ?? this.clock.now(),
        typed: old?.typed ?? 0,
        since: old?.since ?? ++this.serial,
      },
      now,
    );
    this.attachments.set(a.id, a);
    a.ack = Math.min(m.from ?? 0, this.log.end);
    this.catchUp(a, m.from, null);
    this.tellAttached(a);
    this.reseat();
    this.pace();
    this.outlet.changed();
  }

  detach(m: Of<'detach'>): void {
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
    const now = this.clock.monotonic();
    a.heardAt = now;
    a.proved = true;
    const s = a.snapshot;
    if (s?.bytes && m.snapshot === s.id) {
      if (m.chunks > s.acked && m.chunks <= s.sent) {
        s.acked = m.chunks;
        a.progressAt = now;
      }
      if (s.acked >= s.total) a.snapshot = null;
    }
    if (m.offset !== null && m.offset <= this.log.end) {
      // CU-8: acks beyond the end are ignored.
      if (m.offset > a.ack) {
        a.ack = m.offset;
        a.progressAt = now;
        // A program that waits has more, also when all it printed has been consumed.
        a.window.acknowledged(a.ack, now, this.paused || a.ack < this.log.end);
      }
    }
    if (a.ack >= this.log.end) a.owesSince = null;
    if (m.ended && this.exit) a.endAcked = true;
    this.outlet.wants(this);
    this.pace();
  }

  /** CU-5: a catch-up request of a pod. */
  catchUpRequest(m: Of<'catch_up'>): void {
    const a = this.attachmentOf(m);
    if (!a || m.round <= a.round) return;
    a.heardAt = this.clock.monotonic();
    a.round = m.round;
    a.to.round = m.round;
    this.catchUp(a, m.from, m.snapshot);
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
      if (!reply) this.hasTyped(a);
      if (!reply || a.id === this.driver) this.terminal.write(fresh);
    }
    if (gap || fresh.length === 0 || fresh.length >= PASTE) this.acknowledgeInput(a, gap);
    else {
      this.unacknowledged.add(a);
      if (this.inputAckTimer) return;
      this.inputAckDue = this.clock.monotonic() + INPUT_ACK_DELAY;
      this.inputAckTimer = this.clock.after(INPUT_ACK_DELAY, () => this.acknowledgeInputs());
    }
  }

  private acknowledgeInput(a: Attachment, gap: boolean): void {
    this.unacknowledged.delete(a);
    const applied = this.gate.applied(a.id);
    this.outlet.frame(inputAckFrame(this.idBytes, a.to.attachment, a.attempt, applied, gap, this.alloc));
  }

  private acknowledgeInputs(): void {
    this.inputAckTimer?.cancel();
    this.inputAckTimer = null;
    for (const a of this.unacknowledged) this.acknowledgeInput(a, false);
  }

  private hasTyped(a: Attachment): void {
    if (a.typed === this.serial && this.driver === a.id) return;
    a.typed = ++this.serial;
    this.reseat(this.sizePolicy === 'latest' ? a.id : this.driver);
  }

  resize(m: Of<'resize'>): void {
    const a = this.attachmentOf(m);
    if (!a || a.readOnly) return;
    a.size = { cols: m.cols, rows: m.rows };
    this.reseat();
  }

  drive(m: Of<'drive'>): void {
    const a = this.attachmentOf(m);
    if (!a || a.readOnly) return;
    a.typed = ++this.serial;
    this.reseat(a.id);
  }

  setSizePolicy(m: Of<'set_size_policy'>): void {
    const a = this.attachmentOf(m);
    if (!a || a.readOnly) return;
    this.sizePolicy = m.sizePolicy;
    if (m.cols !== undefined && m.rows !== undefined) this.setSize({ cols: m.cols, rows: m.rows });
    this.reseat();
    this.tip();
    this.outlet.changed();
  }

  /** Who drives and whose size counts, after anything that may change it. */
  private reseat(wanted: string | null = this.driver): void {
    const before = this.driver;
    const seats = [...this.attachments.values()];
    this.driver = driverOf(seats, wanted);
    const resized = this.setSize(sizeOf(this.sizePolicy, seats, this.driver, this.size));
    if (resized || this.driver !== before) this.tip();
  }

  /** CU-9: the size is part of the stream. */
  private setSize(size: Size): boolean {
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
    this.unacknowledged.delete(a);
    this.reseat();
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
      sizePolicy: this.sizePolicy,
      driver: this.driver,
      first: this.log.base,
      end: this.log.end,
    });
  }

  // ---- Sending

  /** Starts (or restarts) catching up from `from`; null: a screen that has nothing yet. */
  private catchUp(a: Attachment, from: number | null, have: { id: number; have: number } | null): void {
    a.live = false;
    const s = a.snapshot;
    if (s?.bytes && have && have.id === s.id) {
      // CU-6: resumes by index; once complete, by offset (CU-5).
      s.sent = Math.min(have.have, s.total);
      a.cursor = have.have < s.total || from === null ? s.offset : from;
    } else if (s && s.bytes === null) {
      // The emulator is at it; what it makes will do.
    } else {
      const at = Math.min(from ?? 0, this.log.end);
      a.snapshot = null;
      a.blank = a.mode === 'screen' && from === null;
      a.cursor = a.mode === 'stream' && from === null ? this.log.base : at;
      a.jump = a.mode === 'screen' && (from === null || this.log.end - at > LIMITS.replay);
      if (a.mode === 'stream' && from === null) a.ack = this.log.base;
    }
    this.outlet.wants(this);
  }

  /**
   * Sends what may be sent, at most about `room` bytes. Returns what it sent; 0 means that there is nothing to do.
   * Called by the link when it has room.
   */
  pump(room: number): number {
    let sent = this.pumpShared(room);
    for (const a of this.attachments.values()) {
      if (sent >= room) break;
      if (!a.live) sent += this.pumpAddressed(a, room - sent);
    }
    return sent;
  }

  /** Bytes that live viewers wait for: a small number marks a session that people type in. */
  get pending(): number {
    return this.log.end - this.shared;
  }

  /** From when on `pump` may send (monotonic): a flood is gathered while everybody is live and the program runs. */
  get due(): number {
    if (this.paused || this.exit !== null) return Number.NEGATIVE_INFINITY;
    for (const a of this.attachments.values()) if (!a.live) return Number.NEGATIVE_INFINITY;
    return this.gathering.due(this.pending);
  }

  private pumpShared(room: number): number {
    const { log } = this;
    let anyLive = false;
    for (const a of this.attachments.values()) anyLive ||= a.live;
    if (!anyLive || !this.outlet.connected) {
      this.shared = log.end;
      return 0;
    }
    this.shared = Math.max(this.shared, log.base);
    let sent = 0;
    while (this.shared < log.end && sent < room) {
      const { length, size } = log.run(this.shared, LIMITS.frame);
      const frame = outputFrame(this.idBytes, this.shared, size, length, null, this.alloc);
      log.copy(this.shared, length, frame, frame.length - length);
      this.outlet.frame(frame);
      this.shared += length;
      sent += length;
    }
    const now = this.clock.monotonic();
    if (sent > 0) {
      if (this.inputAckTimer && this.inputAckDue - now <= INPUT_ACK_EARLY) this.acknowledgeInputs();
      this.gathering.sent(sent, now);
    }
    for (const a of this.attachments.values()) {
      if (a.live) a.window.sent(this.shared, a.ack, now, this.shared - a.ack >= a.window.size / 2);
    }
    this.demote();
    return sent;
  }

  /** FL-1: a live attachment that is out of its window, while others are not, goes back to a window of its own. */
  private demote(): void {
    if (this.paused) return;
    for (const a of this.attachments.values()) {
      // Half a window more than its window, so that viewers of about the same speed do not flap.
      if (!a.live || this.shared - a.ack < a.window.size * 1.5) continue;
      a.live = false;
      a.cursor = this.shared;
      this.outlet.message({
        type: 'catching_up',
        sessionId: this.id,
        clientId: a.id,
        attempt: a.attempt,
        round: a.round,
        marker: ++a.marker,
        offset: a.cursor,
      });
    }
  }

  private pumpAddressed(a: Attachment, room: number): number {
    if (!this.outlet.connected) return 0;
    let sent = 0;
    if (a.snapshot) {
      sent += this.sendChunks(a, a.snapshot, room);
      if (a.snapshot.bytes === null || a.snapshot.sent < a.snapshot.total) return sent;
    }
    const painting = a.paintingBytes(LIMITS.snapshotChunk);
    if (painting >= a.window.size) return sent;
    const { log } = this;
    // A viewer of the screen that is far behind is better served by a new snapshot (skip-ahead).
    if (a.mode === 'screen' && log.end - a.cursor > replayLimit(a.window.rate)) a.jump = true;
    if (a.jump || a.cursor < log.base) {
      // CU-11: a jump moves the offset that acks count from, so everything sent before it has to be acked.
      if (a.ack < a.cursor || a.snapshot) return sent;
      if (a.mode === 'screen') {
        this.takeSnapshot(a);
        return sent;
      }
      this.outlet.message({
        type: 'history_lost',
        sessionId: this.id,
        clientId: a.id,
        attempt: a.attempt,
        round: a.round,
        first: log.base,
      });
      a.cursor = log.base;
      a.ack = Math.max(a.ack, log.base);
      a.jump = false;
      a.window.reset();
    }
    const now = this.clock.monotonic();
    while (a.cursor < log.end) {
      const credit = a.ack + a.window.size - a.cursor - painting;
      if (credit <= 0) {
        a.window.sent(a.cursor, a.ack, now, true);
        return sent;
      }
      if (sent >= room) return sent;
      // FL-4: frames are split to the room left.
      const { length, size } = log.run(a.cursor, Math.min(LIMITS.frame, credit));
      const frame = outputFrame(this.idBytes, a.cursor, size, length, a.to, this.alloc);
      log.copy(a.cursor, length, frame, frame.length - length);
      this.outlet.frame(frame);
      a.cursor += length;
      sent += length;
      a.window.sent(a.cursor, a.ack, now, false);
    }
    // Out of its window it would only be demoted again.
    if (a.cursor - a.ack >= a.window.size) return sent;
    // Live once everything is sent; the marker goes in order with the data. Shared frames that are still to come
    // and lie before it are dropped by offset.
    if (!this.anyLive()) this.shared = log.end;
    a.live = true;
    this.outlet.message({
      type: 'live',
      sessionId: this.id,
      clientId: a.id,
      attempt: a.attempt,
      round: a.round,
      marker: ++a.marker,
      offset: a.cursor,
    });
    return sent;
  }

  /** The first byte that a reader of every byte may still ask for. */
  private needed(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const a of this.attachments.values()) if (a.mode === 'stream' && a.ack < least) least = a.ack;
    return least;
  }

  private anyLive(): boolean {
    for (const a of this.attachments.values()) if (a.live) return true;
    return false;
  }

  private sendChunks(a: Attachment, s: NonNullable<Attachment['snapshot']>, room: number): number {
    if (s.bytes === null) return 0;
    let sent = 0;
    while (s.sent < s.total && sent < room && (s.sent - s.acked) * LIMITS.snapshotChunk < a.window.size) {
      const from = s.sent * LIMITS.snapshotChunk;
      const bytes = s.bytes.subarray(from, from + LIMITS.snapshotChunk);
      const chunk = { id: s.id, index: s.sent, total: s.total, bytes };
      this.outlet.frame(snapshotFrame(this.idBytes, s.offset, s.size, a.to, chunk, this.alloc));
      s.sent++;
      sent += bytes.length;
    }
    return sent;
  }

  /** Asks the emulator for the screen at or after the cursor; its offset is what the emulator has parsed (CU-6). */
  private takeSnapshot(a: Attachment): void {
    const transfer: Attachment['snapshot'] = {
      id: ++this.snapshots,
      offset: 0,
      size: this.size,
      bytes: null,
      total: 0,
      sent: 0,
      acked: 0,
    };
    a.snapshot = transfer;
    this.screen.snapshot(Math.max(a.cursor, this.log.base), (made) => {
      if (a.snapshot !== transfer || this.attachments.get(a.id) !== a) return;
      // Without an emulator an empty screen is followed by what history still holds.
      const at = Math.max(a.cursor, this.log.base);
      const { offset, size, title, ...snapshot } = made ?? {
        offset: at,
        size: this.log.run(at, 1).size,
        title: this.title,
        scrollback: '',
        screen: '',
      };
      this.title = title;
      a.blank = false;
      transfer.offset = offset;
      transfer.size = { cols: size.cols, rows: size.rows };
      transfer.bytes = encodeSnapshot(snapshot);
      transfer.total = Math.ceil(transfer.bytes.length / LIMITS.snapshotChunk);
      a.cursor = offset;
      a.ack = offset;
      a.jump = false;
      a.progressAt = this.clock.monotonic();
      a.window.reset();
      this.outlet.wants(this);
    });
  }

  // ---- Time

  /** CU-1, CU-2: the end, and how far each attachment was sent, in order with the data. */
  tip(): void {
    this.tipAt = this.clock.monotonic();
    const positions: Record<string, ReturnType<Attachment['position']>> = {};
    for (const a of this.attachments.values()) positions[a.id] = a.position(this.shared);
    this.outlet.message({
      type: 'tip',
      sessionId: this.id,
      end: this.log.end,
      ...this.size,
      sizePolicy: this.sizePolicy,
      driver: this.driver,
      ...(this.exit ? { exit: this.exit } : {}),
      positions,
    });
  }

  /** Called about every 100 ms while anybody is attached. */
  tick(): void {
    const now = this.clock.monotonic();
    let owing = false;
    for (const a of this.attachments.values()) {
      if (now - a.heardAt > LIMITS.attachmentLease) this.forget(a);
      else if (a.ack < this.log.end || (this.exit && !a.endAcked)) owing = true;
    }
    this.pace();
    if (owing) {
      this.outlet.wants(this);
      if (now - this.tipAt >= LIMITS.tipEvery - 100) this.tip();
    }
  }

  /** Pauses or resumes the program. With nobody attached it never waits, except for its own screen. */
  private pace(): void {
    const now = this.clock.monotonic();
    const { end } = this.log;
    const held = this.patience.holds(this.attachments.values(), end, now);
    this.paused = held || mustPause(this.attachments.values(), end, this.history, now);
    const reading = !this.paused && this.screen.backlog < LIMITS.screenBacklog;
    if (reading === this.reading || this.exit !== null) return;
    this.reading = reading;
    if (reading) this.terminal.resume();
    else this.terminal.pause();
  }
}
