// Whose turn it is to send: sessions in which people type go first, floods share what is left in turns.
import { LIMITS } from '@hermit/protocol';
import type { Session } from '../session/session.ts';

export class Turns {
  private readonly waiting = new Set<Session>();
  /** Of those, the ones that gather more before they send; filled and emptied by each run. */
  private readonly gathering = new Set<Session>();

  add(session: Session): void {
    this.waiting.add(session);
  }

  get empty(): boolean {
    return this.waiting.size === 0;
  }

  /**
   * Lets sessions send while `room()` says so. Returns when the first of those that gather will send, if nobody else is
   * left (monotonic); null: somebody waits for room, or nobody for anything.
   */
  run(room: () => boolean, now: number): number | null {
    const next = this.setAside(now);
    this.serve(room);
    const left = this.waiting.size > 0;
    for (const session of this.gathering) this.waiting.add(session);
    this.gathering.clear();
    return left || next === Number.POSITIVE_INFINITY ? null : next;
  }

  private setAside(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const session of this.waiting) {
      const due = session.due;
      if (due <= now) continue;
      next = Math.min(next, due);
      this.waiting.delete(session);
      this.gathering.add(session);
    }
    return next;
  }

  private serve(room: () => boolean): void {
    for (const session of this.waiting) {
      if (session.pending > LIMITS.small) continue;
      if (!room()) return;
      if (session.pump(LIMITS.quantum) < LIMITS.quantum) this.waiting.delete(session);
    }
    while (this.waiting.size > 0 && room()) {
      const session = this.waiting.values().next().value as Session;
      this.waiting.delete(session);
      if (session.pump(LIMITS.quantum) >= LIMITS.quantum) this.waiting.add(session);
    }
  }

  /** Everybody sends into the void: nothing is connected. */
  flush(): void {
    for (const session of this.waiting) session.pump(Number.POSITIVE_INFINITY);
    this.waiting.clear();
  }
}
