// The seats of one socket, by session. Most sockets have one, for which a Map would take as much as all else of it.
import type { Seat } from './rights.ts';

const NONE: readonly Seat[] = [];

export class SeatList {
  /** Replaced by each change, so that whoever goes through them may change them. */
  all = NONE;

  of(sessionId: string): Seat | undefined {
    for (const seat of this.all) if (seat.viewer.sessionId === sessionId) return seat;
    return undefined;
  }

  /** Of a session that none is there for. */
  add(seat: Seat): void {
    this.all = this.all.concat(seat);
  }

  remove(seat: Seat): void {
    this.all = this.all.filter((other) => other !== seat);
  }
}
