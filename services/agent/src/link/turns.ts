// Whose turn it is to send: sessions in which people type go first, floods share what is left in turns.
import { LIMITS } from '@hermit/protocol';
import type { Session } from '../session/session.ts';

export class Turns {
  private readonly waiting = new Set<Session>();

  add(session: Session): void {
    this.waiting.add(session);
  }

  get empty(): boolean {
    return this.waiting.size === 0;
  }

  /** Lets sessions send while `room()` says so. */
  run(room: () => boolean): void {
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
