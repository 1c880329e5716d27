// The agent's side of one attachment: what a viewer has, is being sent, and has acknowledged. State alone; session.ts
// moves it.
import { type Address, type AttachMode, type Consumed, type Position, type Size, uuidBytes } from '@hermit/protocol';
import { PATIENCE, type Paced, Window } from './pacer.ts';
import type { Seat } from './size-policy.ts';

/** A snapshot on its way: null bytes while the emulator still has to make it. */
export type SnapshotTransfer = {
  id: number;
  offset: number;
  size: Size;
  bytes: Uint8Array | null;
  total: number;
  sent: number;
  acked: number;
};

export class Attachment implements Paced, Seat {
  readonly id: string;
  readonly userId: string;
  readonly pod: string;
  readonly readOnly: boolean;
  readonly mode: AttachMode;
  /** CU-3: which attempt of the client this is; a greater one replaces the whole object. */
  readonly attempt: number;
  readonly to: Address;
  /** Milliseconds since 1970, for presence. */
  readonly attachedAt: number;

  live = false;
  /** CU-5: the catch-up request that is being answered. */
  round = 0;
  /** CU-10: serial of the last marker. */
  marker = 0;
  /** Next byte to send while catching up. */
  cursor = 0;
  /** Every byte before was consumed by the viewer. */
  ack = 0;
  /** The cursor cannot be replayed from: a snapshot or HISTORY_LOST comes first. */
  jump = false;
  snapshot: SnapshotTransfer | null = null;
  /** A screen that has been sent nothing yet. */
  blank = false;
  /** A snapshot was made in this attempt. */
  painted = false;
  /** Offset of a snapshot that shows nothing, because no emulator made it; something follows before the next. */
  bareAt = -1;
  proved = false;
  progressAt: number;
  owesSince: number | null;
  heardAt: number;
  endAcked = false;
  patience: number = PATIENCE;
  waitedFor = false;
  readonly window = new Window();

  size: Size | null;
  typed: number;
  since: number;

  constructor(
    from: {
      id: string;
      userId: string;
      pod: string;
      readOnly: boolean;
      mode: AttachMode;
      attempt: number;
      size: Size | null;
      attachedAt: number;
      typed: number;
      since: number;
    },
    now: number,
  ) {
    this.id = from.id;
    this.userId = from.userId;
    this.pod = from.pod;
    this.readOnly = from.readOnly;
    this.mode = from.mode;
    this.attempt = from.attempt;
    this.to = { attachment: uuidBytes(from.id), attempt: from.attempt, round: 0 };
    this.attachedAt = from.attachedAt;
    this.size = from.size;
    this.typed = from.typed;
    this.since = from.since;
    this.progressAt = now;
    this.owesSince = now;
    this.heardAt = now;
  }

  /** The viewer has consumed this much; `end`: of what the program has printed, which may be waiting. */
  acknowledge(m: Consumed, now: number, end: number, programWaits: boolean): void {
    this.heardAt = now;
    this.proved = true;
    const s = this.snapshot;
    if (s?.bytes && m.snapshot === s.id) {
      if (m.chunks > s.acked && m.chunks <= s.sent) {
        s.acked = m.chunks;
        this.progressAt = now;
      }
      if (s.acked >= s.total) this.snapshot = null;
    }
    // CU-8: acks beyond the end are ignored.
    if (m.offset !== null && m.offset <= end && m.offset > this.ack) {
      this.ack = m.offset;
      this.progressAt = now;
      // A program that waits has more, also when all it printed has been consumed.
      this.window.acknowledged(this.ack, now, programWaits || this.ack < end);
    }
    if (this.ack >= end) this.owesSince = null;
  }

  /** It waits for a screen, not the program for it (FL-2). */
  get screenOwed(): boolean {
    return this.mode === 'screen' && this.jump && this.ack >= this.cursor;
  }

  /** Snapshot bytes that were sent and not acknowledged; they share the window with output (CU-6). */
  paintingBytes(chunk: number): number {
    return this.snapshot ? (this.snapshot.sent - this.snapshot.acked) * chunk : 0;
  }

  /** Where it stands, for the tip (CU-2); `shared` is how far the live frames have gone. No chunks: nothing was sent. */
  position(shared: number): Position {
    const s = this.snapshot;
    return {
      attempt: this.attempt,
      round: this.round,
      live: this.live,
      marker: this.marker,
      sent: s || this.blank ? null : this.live ? shared : this.cursor,
      snapshot: s?.bytes ? s.id : 0,
      chunks: s?.bytes ? s.sent : 0,
    };
  }
}
