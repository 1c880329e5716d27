// How output reaches those who look: shared frames for everybody who is live, frames and snapshots of their own for those
// who catch up. Sends when the link has room; what may be sent is for windows (FL rules) to say.
import {
  type AgentToRelay,
  type Exit,
  LIMITS,
  type MessageOf,
  outputFrame,
  type SessionMessage,
  type Size,
} from '@hermit/protocol';
import type { Clock } from '@hermit/transport';
import type { Screen } from '../screen/screen.ts';
import type { Attachment } from './attachment.ts';
import { Gathering } from './gathering.ts';
import type { OutputLog } from './output-log.ts';
import { replayLimit } from './pacer.ts';
import { Painting } from './painting.ts';

/** Where frames and messages go, in order. Nothing is kept while there is no connection. */
export interface Outlet {
  /** False: nothing is connected, and what is sent now vanishes. */
  readonly connected: boolean;
  /** A message of this session, in order with its frames. */
  message(message: SessionMessage | MessageOf<AgentToRelay, 'session_ended' | 'stats'>): void;
  frame(frame: Uint8Array): void;
}

/** The session whose output it is. */
export interface DeliveryHost {
  readonly id: string;
  readonly idBytes: Uint8Array;
  readonly log: OutputLog;
  readonly attachments: ReadonlyMap<string, Attachment>;
  readonly size: Size;
  readonly exit: Exit | null;
  /** The program waits. */
  readonly paused: boolean;
  /** There is output to send: `pump` is to be called when there is room. */
  wants(): void;
  /** Output is about to go to everybody who is live; `now` is monotonic. */
  sendsToAll(now: number): void;
}

export class Delivery {
  /** Live attachments have been sent every byte before. */
  shared = 0;
  private readonly host: DeliveryHost;
  private readonly painting: Painting;
  private readonly outlet: Outlet;
  private readonly clock: Clock;
  private readonly alloc: ((length: number) => Uint8Array) | undefined;
  private readonly gathering = new Gathering();
  /** Who catches up and was not reached by the last turn, and whether the next begins with those. */
  private unreached: Attachment | null = null;
  private othersFirst = false;

  constructor(
    host: DeliveryHost,
    parts: { screen: Screen; outlet: Outlet; clock: Clock; alloc?: ((length: number) => Uint8Array) | undefined },
  ) {
    this.host = host;
    this.outlet = parts.outlet;
    this.clock = parts.clock;
    this.alloc = parts.alloc;
    const { idBytes, log, attachments } = host;
    const { screen, outlet, clock, alloc } = parts;
    this.painting = new Painting({
      ...{ idBytes, log, screen, clock, alloc },
      frame: (frame) => outlet.frame(frame),
      waits: (a, transfer) => a.snapshot === transfer && attachments.get(a.id) === a,
      made: () => host.wants(),
    });
  }

  /** The title that the program gave its window, when a snapshot last told it. */
  get title(): string {
    return this.painting.title;
  }

  /** Starts (or restarts) catching up from `from`; null: a screen that has nothing yet. */
  catchUp(a: Attachment, from: number | null, have: { id: number; have: number } | null): void {
    a.live = false;
    const s = a.snapshot;
    if (s?.bytes && have && have.id === s.id) {
      // CU-6: resumes by index; once complete, by offset (CU-5).
      s.sent = Math.min(have.have, s.total);
      a.cursor = have.have < s.total || from === null ? s.offset : from;
    } else if (s && s.bytes === null) {
      // The emulator is at it; what it makes will do.
    } else {
      const at = Math.min(from ?? 0, this.host.log.end);
      a.snapshot = null;
      a.blank = a.mode === 'screen' && from === null;
      a.cursor = a.mode === 'stream' && from === null ? this.host.log.base : at;
      a.jump = a.mode === 'screen' && (from === null || this.host.log.end - at > LIMITS.replay);
      if (a.mode === 'stream' && from === null) a.ack = this.host.log.base;
    }
    this.host.wants();
  }

  /**
   * Sends what may be sent, at most about `room` bytes. Returns what it sent; 0 means that there is nothing to do.
   * Called by the link when it has room. FL-6: when a flood has taken the turn, who catches up has the next.
   */
  pump(room: number): number {
    const { othersFirst } = this;
    let sent = othersFirst ? 0 : this.pumpShared(room);
    sent += this.pumpOthers(room - sent);
    this.othersFirst = this.unreached !== null && !othersFirst;
    if (othersFirst && sent < room) sent += this.pumpShared(room - sent);
    return sent;
  }

  /** Those who catch up, from the one on that was not reached last. */
  private pumpOthers(room: number): number {
    const first = this.unreached;
    this.unreached = null;
    let sent = 0;
    let reached = first === null;
    for (let round = 0; round < 2; round++, reached = true) {
      for (const a of this.host.attachments.values()) {
        if (a === first) {
          if (round === 1) return sent;
          reached = true;
        }
        if (!reached || a.live) continue;
        if (sent >= room) {
          this.unreached = a;
          return sent;
        }
        sent += this.pumpAddressed(a, room - sent);
      }
      if (first === null) return sent;
    }
    return sent;
  }

  /** Bytes that live viewers wait for: a small number marks a session that people type in. */
  get pending(): number {
    return this.host.log.end - this.shared;
  }

  /**
   * From when on `pump` may send (monotonic): a flood is gathered while the program runs, and nobody who catches up could
   * be sent something now.
   */
  get due(): number {
    if (this.host.paused || this.host.exit !== null) return Number.NEGATIVE_INFINITY;
    for (const a of this.host.attachments.values()) if (!a.live && !this.waits(a)) return Number.NEGATIVE_INFINITY;
    return this.gathering.due(this.pending);
  }

  /** Whether one that catches up can be sent nothing before it acknowledges more, or the emulator has answered. */
  private waits(a: Attachment): boolean {
    const { snapshot: s, window } = a;
    if (s?.bytes === null) return true;
    const painting = a.paintingBytes(LIMITS.snapshotChunk);
    if (s && s.sent < s.total) return painting >= window.size;
    if (a.jump && (s !== null || a.ack < a.cursor)) return true;
    return a.cursor - a.ack + painting >= window.size;
  }

  private pumpShared(room: number): number {
    const { log } = this.host;
    let anyLive = false;
    for (const a of this.host.attachments.values()) anyLive ||= a.live;
    if (!anyLive || !this.outlet.connected) {
      this.shared = log.end;
      return 0;
    }
    this.shared = Math.max(this.shared, log.base);
    let sent = 0;
    const now = this.clock.monotonic();
    if (this.shared < log.end) this.host.sendsToAll(now);
    while (this.shared < log.end && sent < room) {
      const { length, size } = log.run(this.shared, LIMITS.frame);
      const frame = outputFrame(this.host.idBytes, this.shared, size, length, null, this.alloc);
      log.copy(this.shared, length, frame, frame.length - length);
      this.outlet.frame(frame);
      this.shared += length;
      sent += length;
    }
    if (sent > 0) this.gathering.sent(sent, now);
    for (const a of this.host.attachments.values()) {
      if (a.live) a.window.sent(this.shared, a.ack, now, this.shared - a.ack >= a.window.size / 2);
    }
    this.demote();
    return sent;
  }

  /** FL-1: a live attachment that is out of its window, while others are not, goes back to a window of its own. */
  private demote(): void {
    if (this.host.paused) return;
    for (const a of this.host.attachments.values()) {
      // Half a window more than its window, so that viewers of about the same speed do not flap.
      if (!a.live || this.shared - a.ack < a.window.size * 1.5) continue;
      a.live = false;
      a.cursor = this.shared;
      this.outlet.message({
        type: 'catching_up',
        sessionId: this.host.id,
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
      sent += this.painting.send(a, a.snapshot, room);
      if (a.snapshot.bytes === null || a.snapshot.sent < a.snapshot.total) return sent;
    }
    const painting = a.paintingBytes(LIMITS.snapshotChunk);
    if (painting >= a.window.size) return sent;
    const { log } = this.host;
    // A viewer of the screen that is far behind is better served by a new snapshot (skip-ahead).
    const far = log.end - a.cursor > replayLimit(a.window.rate);
    if (a.mode === 'screen' && far && a.cursor !== a.bareAt) a.jump = true;
    if (a.jump || a.cursor < log.base) {
      // CU-11: a jump moves the offset that acks count from, so everything sent before it has to be acked.
      if (a.ack < a.cursor || a.snapshot) return sent;
      if (a.mode === 'screen') {
        this.painting.take(a);
        return sent;
      }
      this.outlet.message({
        type: 'history_lost',
        sessionId: this.host.id,
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
      const frame = outputFrame(this.host.idBytes, a.cursor, size, length, a.to, this.alloc);
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
      sessionId: this.host.id,
      clientId: a.id,
      attempt: a.attempt,
      round: a.round,
      marker: ++a.marker,
      offset: a.cursor,
    });
    return sent;
  }

  private anyLive(): boolean {
    for (const a of this.host.attachments.values()) if (a.live) return true;
    return false;
  }
}
