// When to try again: exponential with full jitter, so that a thousand agents do not come back in one second.
import { LIMITS } from '@hermit/protocol';
import type { Random } from './random.ts';

export class Backoff {
  private attempts = 0;
  private readonly random: Random;
  private readonly min: number;
  private readonly max: number;

  /** `min` and `max` are milliseconds: the bound of the first wait and of every wait. */
  constructor(random: Random, min: number = LIMITS.reconnectMin, max: number = LIMITS.reconnectMax) {
    this.random = random;
    this.min = min;
    this.max = max;
  }

  /** Milliseconds to wait before the next try: uniform between 0 and the bound, which doubles each time. */
  next(): number {
    const bound = Math.min(this.max, this.min * 2 ** this.attempts);
    if (bound < this.max) this.attempts++;
    return this.random() * bound;
  }

  reset(): void {
    this.attempts = 0;
  }
}
