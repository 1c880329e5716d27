// Hands the view what has arrived, in order, and learns what it has consumed.

type Item = {
  /** Bytes, for the bound. */
  length: number;
  /** Starts when all before is consumed; nothing starts until it is consumed itself (CU-9). */
  alone: boolean;
  run(done: () => void): void;
  /** Called in the order of the items, whatever the order of their `done`. */
  consumed(): void;
};

type Running = { item: Item; finished: boolean };

export class ViewQueue {
  /** Bytes that arrived and are not consumed. */
  pending = 0;
  private readonly waiting: Item[] = [];
  private readonly running: Running[] = [];
  private pumping = false;
  private stopped = false;

  push(item: Item): void {
    if (this.stopped) return;
    this.pending += item.length;
    this.waiting.push(item);
    this.pump();
  }

  /** What has not started will not start. */
  stop(): void {
    this.stopped = true;
    this.waiting.length = 0;
  }

  private pump(): void {
    if (this.pumping) return;
    this.pumping = true;
    try {
      for (let item = this.waiting[0]; item && this.mayStart(item); item = this.waiting[0]) {
        this.waiting.shift();
        const entry = { item, finished: false };
        this.running.push(entry);
        item.run(() => this.finish(entry));
      }
    } finally {
      this.pumping = false;
    }
  }

  private mayStart(item: Item): boolean {
    return this.running.length === 0 || !(item.alone || this.running[0]?.item.alone);
  }

  private finish(entry: Running): void {
    if (entry.finished) return;
    entry.finished = true;
    for (let first = this.running[0]; first?.finished; first = this.running[0]) {
      this.running.shift();
      this.pending -= first.item.length;
      first.item.consumed();
    }
    this.pump();
  }
}
