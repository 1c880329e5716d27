// Judges whether the other side is alive: ping when quiet, dead after a bound. Both sides do.
import { LIMITS } from '@hermit/protocol';
import type { Clock, Timer } from './clock.ts';

/** `quiet`: time for a ping. Times are monotonic milliseconds. */
export type Sign = 'well' | 'quiet' | 'dead';

/** The signs of life of one connection, for those who look at many of them with one timer. */
export class LifeSigns {
  // Whole milliseconds: V8 keeps those in the object itself, and a pod has two for each of its sockets.
  private heardAt: number;
  private pingedAt: number;

  constructor(now: number) {
    this.heardAt = Math.floor(now);
    this.pingedAt = Math.floor(now);
  }

  heard(now: number): void {
    this.heardAt = Math.floor(now);
  }

  /** Whoever is told `quiet` pings; then it is not said again for as long as a ping is good for. */
  look(now: number): Sign {
    if (now - this.heardAt >= LIMITS.deadAfter) return 'dead';
    if (now - this.pingedAt < LIMITS.pingEvery) return 'well';
    this.pingedAt = Math.floor(now);
    return 'quiet';
  }
}

/** The same for one connection with a timer of its own. */
export class Liveness {
  private readonly signs: LifeSigns;
  private readonly timer: Timer;
  private readonly clock: Clock;

  /** `ping` is called every `pingEvery` ms; `dead` once, after `deadAfter` ms without `heard()`. */
  constructor(clock: Clock, ping: () => void, dead: () => void) {
    this.clock = clock;
    this.signs = new LifeSigns(clock.monotonic());
    this.timer = clock.every(Math.min(LIMITS.visitEvery, LIMITS.pingEvery), () => {
      const sign = this.signs.look(clock.monotonic());
      if (sign === 'quiet') ping();
      if (sign !== 'dead') return;
      this.stop();
      dead();
    });
  }

  heard(): void {
    this.signs.heard(this.clock.monotonic());
  }

  stop(): void {
    this.timer.cancel();
  }
}
