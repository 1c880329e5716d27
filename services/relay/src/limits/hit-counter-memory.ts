// Hits inside one process: for the one pod there is, and for pods that cannot reach Redis.
import type { HitCounter, Hits } from './hit-counter.ts';

/** Windows that are kept; an attacker with more addresses than that pushes out the oldest. */
const MOST = 100_000;
const NONE: Hits = { count: 0, endsIn: 0 };

type MemoryHitCounterOptions = {
  /** Milliseconds that never go backwards. */
  monotonic?: () => number;
  most?: number;
};

export class MemoryHitCounter implements HitCounter {
  private readonly windows = new Map<string, { count: number; end: number }>();
  private readonly monotonic: () => number;
  private readonly most: number;

  constructor({ monotonic = () => performance.now(), most = MOST }: MemoryHitCounterOptions = {}) {
    this.monotonic = monotonic;
    this.most = most;
  }

  async hit(key: string, window: number): Promise<Hits> {
    const now = this.monotonic();
    let open = this.windows.get(key);
    if (open === undefined || open.end <= now) {
      // Re-inserted, so that the map is in the order in which windows began.
      this.windows.delete(key);
      this.makeRoom(now);
      open = { count: 0, end: now + window };
      this.windows.set(key, open);
    }
    open.count++;
    return { count: open.count, endsIn: open.end - now };
  }

  async read(key: string): Promise<Hits> {
    const open = this.windows.get(key);
    const endsIn = open === undefined ? 0 : open.end - this.monotonic();
    return open === undefined || endsIn <= 0 ? NONE : { count: open.count, endsIn };
  }

  async forget(key: string): Promise<void> {
    this.windows.delete(key);
  }

  private makeRoom(now: number): void {
    for (const [key, { end }] of this.windows) {
      if (end > now && this.windows.size < this.most) return;
      this.windows.delete(key);
    }
  }
}
