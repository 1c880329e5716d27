// Time that moves when a test says so.
import type { Clock, Timer } from '@hermit/transport';

type Due = { at: number; serial: number; run: () => void };

export class VirtualClock implements Clock {
  private time = 1_000_000;
  private serial = 0;
  private due: Due[] = [];

  now(): number {
    return this.time;
  }

  monotonic(): number {
    return this.time;
  }

  after(ms: number, run: () => void): Timer {
    const entry = { at: this.time + ms, serial: this.serial++, run };
    this.due.push(entry);
    return {
      cancel: () => {
        this.due = this.due.filter((d) => d !== entry);
      },
    };
  }

  every(ms: number, run: () => void): Timer {
    let timer: Timer;
    const again = () => {
      timer = this.after(ms, () => {
        again();
        run();
      });
    };
    again();
    return { cancel: () => timer.cancel() };
  }

  /** How many timers wait. */
  get waiting(): number {
    return this.due.length;
  }

  advance(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const next = this.due.filter((d) => d.at <= end).sort((a, b) => a.at - b.at || a.serial - b.serial)[0];
      if (!next) break;
      this.due = this.due.filter((d) => d !== next);
      this.time = Math.max(this.time, next.at);
      next.run();
    }
    this.time = end;
  }
}
