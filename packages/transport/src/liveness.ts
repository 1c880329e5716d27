// Judges whether the other side is alive: ping when quiet, dead after a bound. Both sides run one.
import { LIMITS } from '@hermit/protocol';
import type { Clock, Timer } from './clock.ts';

export class Liveness {
  private heardAt: number;
  private readonly timer: Timer;
  private readonly clock: Clock;

  /** `ping` is called every `pingEvery` ms; `dead` once, after `deadAfter` ms without `heard()`. */
  constructor(
    clock: Clock,
    ping: () => void,
    dead: () => void,
    pingEvery: number = LIMITS.pingEvery,
    deadAfter: number = LIMITS.deadAfter,
  ) {
    this.clock = clock;
    this.heardAt = clock.monotonic();
    const step = Math.min(pingEvery, deadAfter / 4);
    let sincePing = 0;
    this.timer = clock.every(step, () => {
      if (clock.monotonic() - this.heardAt >= deadAfter) {
        this.stop();
        dead();
        return;
      }
      sincePing += step;
      if (sincePing >= pingEvery) {
        sincePing = 0;
        ping();
      }
    });
  }

  heard(): void {
    this.heardAt = this.clock.monotonic();
  }

  stop(): void {
    this.timer.cancel();
  }
}
