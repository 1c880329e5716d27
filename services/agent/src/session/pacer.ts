// Credit of each attachment, and whether the program has to wait: pure decisions of the flow rules (FL-1 to FL-4).
import { LIMITS } from '@hermit/protocol';

/** How many recent measurements of the drain rate count; their mean is believed, since acks come in bursts. */
const RATES = 3;
/** A measurement of the drain rate spans at least this many milliseconds. */
const SPAN = 100;
/** The first one: until it is over a fast viewer has the window that a slow one begins with. */
const FIRST_SPAN = 20;
/** The least round trip is forgotten after this many milliseconds, since routes change. */
const ROUND_TRIP_LIFE = 10_000;
/** Faster viewers wait for a live one this long in a row, milliseconds, and for this share of the time in the long run. */
export const PATIENCE = 100;
const PATIENCE_REGAINED = 0.1;

/**
 * The window of one attachment: how far the agent may send past its last acknowledgement. It follows the measured
 * drain rate, so that what is in flight is `windowTime` of the viewer's own speed beside the round trip itself.
 * The rate is only measured while the window is what limits: an idle viewer is not a slow one.
 */
export class Window {
  size: number = LIMITS.windowStart;
  private readonly rates: number[] = [];
  private probe: { upTo: number; at: number } | null = null;
  private least = Number.POSITIVE_INFINITY;
  private leastAt = 0;
  private spanFrom: { acked: number; at: number } | null = null;

  /** Bytes up to `upTo` are on their way; `limited`: more would be, if the window were larger. */
  sent(upTo: number, acked: number, now: number, limited: boolean): void {
    if (this.probe === null) this.probe = { upTo, at: now };
    if (limited && this.spanFrom === null) this.spanFrom = { acked, at: now };
  }

  /** The viewer has consumed up to `acked`; `more`: there is more, sent already or held back by the window. */
  acknowledged(acked: number, now: number, more: boolean): void {
    if (this.probe && acked >= this.probe.upTo) {
      const roundTrip = now - this.probe.at;
      if (roundTrip <= this.least || now - this.leastAt > ROUND_TRIP_LIFE) {
        this.least = roundTrip;
        this.leastAt = now;
      }
      this.probe = null;
    }
    const span = this.spanFrom;
    if (span === null) return;
    const elapsed = now - span.at;
    if (elapsed >= (this.rates.length === 0 ? FIRST_SPAN : SPAN)) {
      this.rates.push((acked - span.acked) / elapsed);
      if (this.rates.length > RATES) this.rates.shift();
      this.adapt();
      this.spanFrom = more ? { acked, at: now } : null;
    } else if (!more) this.spanFrom = null;
  }

  /** Bytes per millisecond that the viewer takes; null while nothing was measured. */
  get rate(): number | null {
    const { rates } = this;
    return rates.length === 0 ? null : rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  }

  /** A jump moved what acknowledgements count from. */
  reset(): void {
    this.probe = null;
    this.spanFrom = null;
  }

  private adapt(): void {
    const rate = this.rate as number;
    const roundTrip = Number.isFinite(this.least) ? this.least : 0;
    const wanted = rate * (roundTrip + LIMITS.windowTime);
    this.size = Math.round(Math.min(LIMITS.windowMax, Math.max(LIMITS.windowMin, wanted)));
  }
}

/** How far a screen viewer may be behind before a new snapshot is shorter than the replay; bytes. */
export function replayLimit(rate: number | null): number {
  if (rate === null) return LIMITS.replay;
  return Math.min(LIMITS.replay, Math.max(64 * 1024, rate * 1000));
}

/** What pacing looks at of one attachment. */
export type Paced = {
  live: boolean;
  /** A snapshot is still to be made for it. */
  screenOwed: boolean;
  /** Has acknowledged something in this attempt (FL-3). */
  proved: boolean;
  ack: number;
  progressAt: number;
  /** Since when it owes an acknowledgement; null: it owes none. */
  owesSince: number | null;
  window: { readonly size: number };
  /** Milliseconds that others still wait for it, and whether they do. */
  patience: number;
  waitedFor: boolean;
};

/** FL-3: it counts while its acknowledgements make progress. */
export function responsive(a: Paced, end: number, now: number): boolean {
  if (!a.proved) return false;
  return a.ack >= end || now - Math.max(a.progressAt, a.owesSince ?? now) < LIMITS.responsive;
}

/** FL-2: one that catches up counts against half of history, since it would lose what falls out. */
export function hasCredit(a: Paced, end: number, history: number): boolean {
  const backlog = end - a.ack;
  return a.live ? backlog < a.window.size : backlog < Math.max(a.window.size, history / 2);
}

/**
 * The program waits while there is a responsive attachment, and none of them has credit; and while half of history
 * (`pending`) is not even sent to a live one, because it would lose what falls out. Who is still to be shown a screen
 * waits for that, and no program for them.
 */
export function mustPause(
  attachments: Iterable<Paced>,
  end: number,
  history: number,
  now: number,
  pending: number,
): boolean {
  const unsent = pending >= history / 2;
  let counted = false;
  let credit = false;
  for (const a of attachments) {
    if (a.screenOwed || !responsive(a, end, now)) continue;
    if (a.live && unsent) return true;
    counted = true;
    credit ||= hasCredit(a, end, history);
  }
  return counted && !credit;
}

/**
 * Viewers of about the same speed stay together: the program waits a little for a live one that is out of its window
 * although others are not. Demoted, it would cost frames of its own, which slows it further. One that is really slow has
 * soon used the patience up, and is left behind.
 */
export class Patience {
  private lookedAt = 0;

  /** Whether the program waits; called whenever somebody may have come out of a window, or back into it. */
  holds(attachments: Iterable<Paced>, end: number, now: number): boolean {
    const elapsed = now - this.lookedAt;
    this.lookedAt = now;
    let held = false;
    for (const a of attachments) {
      const change = a.waitedFor ? -elapsed : elapsed * PATIENCE_REGAINED;
      a.patience = Math.min(PATIENCE, a.patience + change);
      const out = a.live && end - a.ack >= a.window.size;
      a.waitedFor = out && a.patience > 0 && responsive(a, end, now);
      held ||= a.waitedFor;
    }
    return held;
  }
}
