// What was asked of an attachment without an answer of its own (size, driver, policy): repeated, because the bus may
// lose it, until it is seen to hold or has been said often enough.
import type { ClientToRelay, MessageOf } from '@hermit/protocol';
import type { Clock, Random, Timer } from '@hermit/transport';

export type Wish = MessageOf<ClientToRelay, 'resize' | 'drive' | 'set_size_policy'>;

/** How often each is said at most, and the time between, milliseconds. */
const TIMES = { resize: 2, drive: 5, set_size_policy: 5 } as const;
const AGAIN_MS = 1_000;

export class Wishes {
  private readonly open = new Map<Wish['type'], { wish: Wish; left: number }>();
  private timer: Timer | null = null;
  private readonly clock: Clock;
  private readonly random: Random;
  /** Returns false while nothing can be sent; that does not count. */
  private readonly send: (wish: Wish) => boolean;

  constructor(clock: Clock, random: Random, send: (wish: Wish) => boolean) {
    this.clock = clock;
    this.random = random;
    this.send = send;
  }

  /** The latest of a type replaces the earlier one. */
  put(wish: Wish): void {
    this.open.set(wish.type, { wish, left: TIMES[wish.type] });
    this.sayAll([wish.type]);
  }

  settle(type: Wish['type']): void {
    this.open.delete(type);
  }

  get(type: Wish['type']): Wish | undefined {
    return this.open.get(type)?.wish;
  }

  /** Attached again: everything open is said at once. */
  resume(): void {
    this.sayAll([...this.open.keys()]);
  }

  stop(): void {
    this.open.clear();
    this.timer?.cancel();
    this.timer = null;
  }

  private sayAll(types: Wish['type'][]): void {
    let said = false;
    for (const type of types) {
      const entry = this.open.get(type);
      if (!entry || !this.send(entry.wish)) continue; // `resume` comes with the next attach
      said = true;
      if (--entry.left === 0) this.open.delete(type);
    }
    if (!said || this.timer || this.open.size === 0) return;
    this.timer = this.clock.after(AGAIN_MS * (0.9 + 0.2 * this.random()), () => {
      this.timer = null;
      this.sayAll([...this.open.keys()]);
    });
  }
}
