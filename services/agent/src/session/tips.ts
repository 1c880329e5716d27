// When a session says where it stands (CU-1, CU-2): regularly while somebody is owed something, and more than once after a
// change of driver, size or policy, because the bus may lose it.
import { LIMITS } from '@hermit/protocol';

/** A change is told again so many milliseconds later. */
const AGAIN = [500, 1_000, 2_000];
/** Sessions are looked at about so often; milliseconds. */
const LOOK = 100;

/** Times are monotonic. */
export class Tips {
  private toldAt = Number.NEGATIVE_INFINITY;
  private changedAt = 0;
  private again = AGAIN.length;

  told(now: number): void {
    this.toldAt = now;
  }

  changed(now: number): void {
    this.changedAt = now;
    this.again = 0;
  }

  /** Whoever needs the change has been told otherwise. */
  known(): void {
    this.again = AGAIN.length;
  }

  /** Whether a change is to be told again now; counts as told. */
  repeats(now: number): boolean {
    const after = AGAIN[this.again];
    if (after === undefined || now - this.changedAt < after) return false;
    this.again++;
    return true;
  }

  /** Whether it is time for the next, while somebody is owed something. */
  due(now: number): boolean {
    return now - this.toldAt >= LIMITS.tipEvery - LOOK;
  }
}
