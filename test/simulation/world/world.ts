// Virtual time, and processes that stop and die. Everything random comes from one seed; times are milliseconds.
import { type Clock, type Random, seeded, type Timer } from '@hermit/transport';

/** A property that does not hold. Its message begins with the property's name. */
export class Violation extends Error {}

type Event = { at: number; order: number; run: () => void };

export class World {
  now = 0;
  events = 0;
  readonly random: Random;
  /** Set for the trace of one seed. */
  trace: string[] | null = null;
  private readonly heap: Event[] = [];
  private order = 0;

  constructor(seed: number) {
    this.random = seeded(seed);
  }

  int(low: number, high: number): number {
    return low + Math.floor(this.random() * (high - low + 1));
  }
  chance(p: number): boolean {
    return this.random() < p;
  }
  pick<T>(list: readonly T[]): T {
    return list[this.int(0, list.length - 1)] as T;
  }
  random32 = (): number => Math.floor(this.random() * 0x1_0000_0000);

  log(line: () => string): void {
    this.trace?.push(`${this.now.toFixed(0).padStart(7)} ${line()}`);
  }

  fail(property: string, what: string): never {
    throw new Violation(`${property}: ${what} (t=${this.now.toFixed(0)})`);
  }

  /** Events of one time run in the order in which they were made. */
  at(delay: number, run: () => void): void {
    this.atTime(this.now + Math.max(0, delay), run);
  }

  atTime(time: number, run: () => void): void {
    const { heap } = this;
    const event = { at: time, order: this.order++, run };
    let i = heap.length;
    heap.push(event);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const p = heap[parent] as Event;
      if (before(p, event)) break;
      heap[i] = p;
      i = parent;
    }
    heap[i] = event;
  }

  private next(): Event | undefined {
    const { heap } = this;
    const top = heap[0];
    const last = heap.pop();
    if (!top || !last || heap.length === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Event, heap[child] as Event)) child++;
      if (before(last, heap[child] as Event)) break;
      heap[i] = heap[child] as Event;
      i = child;
    }
    heap[i] = last;
    return top;
  }

  /** Runs until `done`, or until the time is up. */
  run(until: number, done: () => boolean, most: number): void {
    for (;;) {
      if (done()) return;
      const event = this.next();
      if (!event || event.at > until) return;
      this.now = event.at;
      if (++this.events > most) this.fail('S5', 'a storm of messages: too many events');
      event.run();
    }
  }
}

function before(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** A process. While it is stopped what happens to it waits; when it is dead that vanishes. */
export class Process {
  alive = true;
  stopped = false;
  /** Counts its lives: what was meant for one does not reach the next. */
  life = 0;
  readonly name: string;
  readonly world: World;
  private backlog: (() => void)[] = [];

  constructor(world: World, name: string) {
    this.world = world;
    this.name = name;
  }

  /** Runs now, later, or never. */
  deliver(life: number, run: () => void): void {
    if (!this.alive || life !== this.life) return;
    if (this.stopped) this.backlog.push(run);
    else run();
  }

  get waiting(): number {
    return this.backlog.length;
  }

  stop(): void {
    if (this.alive) this.stopped = true;
  }

  resume(): void {
    if (!this.stopped) return;
    this.stopped = false;
    const due = this.backlog;
    this.backlog = [];
    const { life } = this;
    for (const run of due) this.deliver(life, run);
  }

  kill(): void {
    this.alive = false;
    this.stopped = false;
    this.backlog = [];
    this.life++;
  }

  restart(): void {
    this.alive = true;
    this.life++;
  }

  /** The clock of its present life. */
  clock(): Clock {
    const { world, life } = this;
    const after = (ms: number, run: () => void): Timer => {
      let live = true;
      world.at(ms, () => {
        if (live)
          this.deliver(life, () => {
            if (!live) return;
            live = false;
            run();
          });
      });
      return {
        cancel: () => {
          live = false;
        },
      };
    };
    return {
      now: () => 1_700_000_000_000 + Math.floor(world.now),
      monotonic: () => world.now,
      after,
      every(ms, run) {
        let live = true;
        const again = () =>
          after(ms, () => {
            if (!live) return;
            run();
            timer = again();
          });
        let timer = again();
        return {
          cancel() {
            live = false;
            timer.cancel();
          },
        };
      },
    };
  }
}
