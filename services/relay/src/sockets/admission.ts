// Who may come in now. When a pod dies its thousand agents dial the next one within moments, and each costs that pod a
// millisecond or two; those whose keystrokes it carries already must not wait for all of them. So newcomers are let in
// by turns, as many in each as leave the event loop some time of its own. Whoever comes alone does not wait.
import { performance } from 'node:perf_hooks';
import type { Clock, Timer } from '@hermit/transport';

/** Milliseconds between turns. */
const TURN = 20;
/**
 * What is aimed at: the part of its time for which the event loop is busy, newcomers and all else together; and how much
 * more of it, up to what, for each second for which some have been waiting after the first ones.
 */
const BUSY = 0.6;
/** Seconds. */
const PATIENCE = 2;
const URGENCY = 0.1;
const BUSIEST = 0.85;
/** Newcomers of a first turn. How many the next ones take depends on what these did to the loop. */
const FIRST = 8;
/** How many come in however busy the loop is: even then nobody of MOST waits for longer than those who dial do (10 s). */
const LEAST = 4;
/** How many may wait; one more, and the next is let in. */
const MOST = 1_000;
/** So much of what a turn says is believed: what it lets in keeps the loop busy in the next ones too. */
const BELIEF = 0.5;

export class Admission {
  /** Those who wait, by the network that they come from; the networks take turns. */
  private readonly networks = new Map<string, (() => void)[]>();
  private readonly clock: Clock;
  private readonly busy: () => number;
  private timer: Timer | null = null;
  private perTurn = FIRST;
  /** How many may still come in before the next turn. */
  private left = FIRST;
  private load = 0;
  /** Since when some have been waiting (monotonic). */
  private crowdedAt = 0;
  private count = 0;
  private closed = false;

  /** `busy`: the part of its time, 0 to 1, for which the event loop has been busy since the last call. */
  constructor(clock: Clock, busy: () => number = loopUtilization()) {
    this.clock = clock;
    this.busy = busy;
  }

  /** How many wait. */
  get waiting(): number {
    return this.count;
  }

  /** Resolves when one more of that network may come in; undefined: at once. */
  turn(network: string): Promise<void> | undefined {
    if (this.closed) return undefined;
    if (this.timer === null) this.begin();
    if (this.left >= 1 && this.count === 0) {
      this.left--;
      return undefined;
    }
    if (this.count === 0) this.crowdedAt = this.clock.monotonic();
    return new Promise((enter) => {
      const queue = this.networks.get(network);
      if (queue) queue.push(enter);
      else this.networks.set(network, [enter]);
      if (++this.count > MOST) this.admit();
    });
  }

  /** Lets everybody in: a pod that leaves holds nobody. */
  close(): void {
    this.closed = true;
    this.timer?.cancel();
    while (this.count > 0) this.admit();
  }

  private begin(): void {
    this.busy();
    this.load = BUSY;
    this.perTurn = this.left = FIRST;
    this.timer = this.clock.after(TURN, () => this.next());
  }

  private next(): void {
    this.timer = null;
    // Nobody came for a whole turn: the next one who does is alone again.
    if (this.count === 0 && this.left === this.perTurn) return;
    this.load += (this.busy() - this.load) * BELIEF;
    this.perTurn = Math.min(MOST, Math.max(LEAST, this.perTurn * Math.min(2, this.aim / this.load)));
    for (this.left = this.perTurn; this.left >= 1 && this.count > 0; this.left--) this.admit();
    this.timer = this.clock.after(TURN, () => this.next());
  }

  private get aim(): number {
    if (this.count === 0) return BUSY;
    const waited = (this.clock.monotonic() - this.crowdedAt) / 1_000;
    return Math.min(BUSIEST, BUSY + URGENCY * Math.max(0, waited - PATIENCE));
  }

  private admit(): void {
    const [first] = this.networks;
    if (!first) return;
    const [network, queue] = first;
    this.networks.delete(network);
    const enter = queue.shift();
    if (queue.length > 0) this.networks.set(network, queue);
    this.count--;
    enter?.();
  }
}

/** Of this thread's event loop. */
function loopUtilization(): () => number {
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
}
