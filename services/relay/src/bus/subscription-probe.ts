// Does a subscription still deliver? A pod sends itself a number through Redis and waits for it to come back.
import type { Clock, Random, Timer } from '@hermit/transport';

/** Misses in a row after which the connections are rebuilt. */
const MISSES = 2;

export type ProbeTimings = {
  /** Milliseconds between two probes of a connection that works. */
  every: number;
  /** Milliseconds after which a probe counts as missed. */
  timeout: number;
};

type ProbeEvents = {
  send(nonce: string): void;
  /** A probe came back; `proven` if `prove` was waiting for it. */
  heard(roundTrip: number, proven: boolean): void;
  missed(): void;
  rebuild(): void;
};

/** Runs only while both connections claim to work; what it finds is that one of them does not. */
export class SubscriptionProbe {
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly timings: ProbeTimings;
  private readonly events: ProbeEvents;
  /** Another pod of the same name, or an earlier life of this one, is not heard by mistake. */
  private readonly life: string;
  private count = 0;
  private awaited: { nonce: string; since: number } | undefined;
  private misses = 0;
  private proving = false;
  private timer: Timer | undefined;

  constructor(clock: Clock, random: Random, timings: ProbeTimings, events: ProbeEvents) {
    this.clock = clock;
    this.random = random;
    this.timings = timings;
    this.events = events;
    this.life = Math.floor(random() * 2 ** 48).toString(36);
  }

  /** Probes now; with `proof`, the next answer proves that what was lost is back. */
  start(proof: boolean): void {
    this.proving ||= proof;
    this.ask();
  }

  /** A connection is down, and knows it: nothing to find. */
  pause(): void {
    this.timer?.cancel();
    this.timer = undefined;
    this.awaited = undefined;
    this.misses = 0;
  }

  hear(message: string): void {
    if (!this.awaited || message !== this.awaited.nonce) return;
    const roundTrip = this.clock.monotonic() - this.awaited.since;
    const proven = this.proving;
    this.pause();
    this.proving = false;
    const { every } = this.timings;
    this.timer = this.clock.after(every * (0.75 + this.random() / 2), () => this.ask());
    this.events.heard(roundTrip, proven);
  }

  private ask(): void {
    this.timer?.cancel();
    this.count++;
    const nonce = `${this.life}:${this.count}`;
    this.awaited = { nonce, since: this.clock.monotonic() };
    this.timer = this.clock.after(this.timings.timeout, () => this.miss());
    this.events.send(nonce);
  }

  private miss(): void {
    this.misses++;
    this.events.missed();
    if (this.misses < MISSES) {
      this.ask();
      return;
    }
    this.pause();
    this.events.rebuild();
  }
}
