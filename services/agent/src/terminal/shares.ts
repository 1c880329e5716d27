// How much of a flood is read in a row. One flood alone has all of it; many share it, so that a program in which
// somebody types is not read only after a long piece of each of the others.

/** What one flood may read in a row; bytes. With a frame's header it goes through every socket in one read. */
export const LARGEST_SHARE = 52 * 1024;
/** What all floods together may read in a turn of the event loop; bytes. */
export const ALL_SHARES = 128 * 1024;
/** Who has read within so many milliseconds shares. */
const WITHIN = 10;

export class Shares {
  private readonly clock: () => number;
  private since = 0;
  private last = 0;
  /** By number: sessions that have ended are not to be kept by this. */
  private readonly reading = new Set<number>();

  /** `clock` is monotonic; milliseconds. */
  constructor(clock: () => number) {
    this.clock = clock;
  }

  /** Bytes that the PTY of process `pid`, which floods, may be read in a row now. */
  of(pid: number): number {
    const now = this.clock();
    if (now - this.since >= WITHIN) {
      this.last = now - this.since < 2 * WITHIN ? this.reading.size : 0;
      this.reading.clear();
      this.since = now;
    }
    this.reading.add(pid);
    return Math.min(LARGEST_SHARE, ALL_SHARES / Math.max(this.last, this.reading.size));
  }
}
