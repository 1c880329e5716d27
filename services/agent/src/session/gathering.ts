// When the output of a session goes out: at once where somebody may wait for it, in larger frames where a program floods.

/** A frame of at least so many bytes belongs to a flood, not to what a person types. */
const FLOOD = 1024;
/**
 * While a flood goes on, its output is gathered for at most so many milliseconds, or up to so many bytes. What a PTY gives
 * in a row (`terminal/shares.ts`) is then one frame, and that with all that stands before it on any of its ways a little
 * less than the 64 KiB that are read from a socket at once.
 */
const GATHER_TIME = 4;
const GATHER_BYTES = 48 * 1024;

/** Each frame costs every process on its way about the same, however long it is. */
export class Gathering {
  private sentAt = Number.NEGATIVE_INFINITY;
  private flooding = false;

  sent(bytes: number, now: number): void {
    this.sentAt = now;
    this.flooding = bytes >= FLOOD;
  }

  /** From when on `pending` bytes may be sent: `now` or earlier means at once. */
  due(pending: number): number {
    if (!this.flooding || pending >= GATHER_BYTES) return Number.NEGATIVE_INFINITY;
    return this.sentAt + GATHER_TIME;
  }
}
