// The numbered output of one session, bounded: the last bytes, and the size of the terminal they were written for.
import type { Size } from '@hermit/protocol';

/** Bytes in one block; a session that prints little holds one. */
export const BLOCK = 32 * 1024;
const SPARE = 2;

/** What all sessions of an agent may keep together. The longest log gives way first. */
export class HistoryBudget {
  private readonly logs = new Set<OutputLog>();
  private used = 0;
  private readonly total: number;

  /** `total` is in bytes. */
  constructor(total: number) {
    this.total = total;
  }

  add(log: OutputLog): void {
    this.logs.add(log);
  }

  remove(log: OutputLog): void {
    if (this.logs.delete(log)) this.used -= log.held;
  }

  /** A log took (positive) or gave back (negative) bytes. */
  change(bytes: number): void {
    this.used += bytes;
    while (this.used > this.total) {
      let longest: OutputLog | null = null;
      for (const log of this.logs) if (longest === null || log.held > longest.held) longest = log;
      if (longest === null || !longest.dropOldest()) return;
    }
  }
}

type SizeMark = { from: number } & Size;

export class OutputLog {
  /** Offset of the first byte that is kept, and of the next byte that comes. */
  base = 0;
  end = 0;
  private readonly blocks: Uint8Array[] = [];
  /** Offset of the first byte of blocks[0]; a multiple of BLOCK. */
  private first = 0;
  /** Blocks that were given up, for those that come next: as many as a read of a flood fills. */
  private spare: Uint8Array[] = [];
  private readonly marks: SizeMark[];
  private readonly limit: number;
  private readonly extended: number;
  private readonly needed: () => number;
  private readonly budget: HistoryBudget;

  /**
   * Keeps the last `limit` bytes, and up to `extended` from the offset `needed()` on, for a reader of every byte who is
   * behind; unless the budget takes some.
   */
  constructor(
    size: Size,
    { limit, extended, needed }: { limit: number; extended: number; needed: () => number },
    budget: HistoryBudget,
  ) {
    this.marks = [{ from: 0, ...size }];
    this.limit = limit;
    this.extended = Math.max(limit, extended);
    this.needed = needed;
    this.budget = budget;
    budget.add(this);
  }

  /** Bytes of memory held. */
  get held(): number {
    return this.blocks.length * BLOCK;
  }

  /** Size of the terminal for the next byte. */
  get size(): Size {
    return this.marks[this.marks.length - 1] as SizeMark;
  }

  append(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      const inBlock = this.end % BLOCK;
      if (this.end - this.first >= this.held) {
        this.blocks.push(this.spare.pop() ?? new Uint8Array(BLOCK));
        this.budget.change(BLOCK);
      }
      const n = Math.min(BLOCK - inBlock, bytes.length - at);
      (this.blocks[this.blocks.length - 1] as Uint8Array).set(bytes.subarray(at, at + n), inBlock);
      at += n;
      this.end += n;
    }
    this.settle();
  }

  /** Gives back what no reader needs any more beyond the limit. */
  settle(): void {
    if (this.end - this.base > this.limit) this.trim();
  }

  private trim(): void {
    const keep = Math.max(this.end - this.extended, Math.min(this.end - this.limit, this.needed()));
    // Never more than is kept is offered, so that what "history" means does not depend on where blocks begin.
    this.base = Math.max(this.base, keep);
    while (this.first + BLOCK <= this.base && this.dropOldest());
    this.forgetSizes();
  }

  /** From the next byte on. */
  resize(size: Size): void {
    const last = this.marks[this.marks.length - 1] as SizeMark;
    if (last.cols === size.cols && last.rows === size.rows) return;
    if (last.from === this.end) this.marks.pop();
    this.marks.push({ from: this.end, cols: size.cols, rows: size.rows });
  }

  /** How many bytes from `from`, at most `max`, were written for one size and lie in history. */
  run(from: number, max: number): { length: number; size: Size } {
    let to = Math.min(this.end, from + max);
    let size = this.marks[0] as SizeMark;
    for (const mark of this.marks) {
      if (mark.from <= from) size = mark;
      else {
        to = Math.min(to, mark.from);
        break;
      }
    }
    return { length: to - from, size };
  }

  /** Copies `length` bytes that lie in history into `target`. */
  copy(from: number, length: number, target: Uint8Array, at: number): void {
    let offset = from;
    let left = length;
    let to = at;
    while (left > 0) {
      const block = this.blocks[Math.floor((offset - this.first) / BLOCK)] as Uint8Array;
      const inBlock = offset % BLOCK;
      const n = Math.min(BLOCK - inBlock, left);
      target.set(block.subarray(inBlock, inBlock + n), to);
      offset += n;
      to += n;
      left -= n;
    }
  }

  /** Where a line begins after `at`, or a character does if no line ends. */
  boundaryAfter(at: number): number {
    const bytes = new Uint8Array(this.end - at);
    this.copy(at, bytes.length, bytes, 0);
    const line = bytes.indexOf(0x0a) + 1;
    if (line > 0 && line < bytes.length) return at + line;
    let within = 0;
    while (within < 3 && ((bytes[within] ?? 0) & 0xc0) === 0x80) within++;
    return at + within;
  }

  /** Gives up the oldest block, unless it is the only one. */
  dropOldest(): boolean {
    if (this.blocks.length <= 1) return false;
    const oldest = this.blocks.shift() as Uint8Array;
    if (this.spare.length < SPARE) this.spare.push(oldest);
    this.first += BLOCK;
    this.base = Math.max(this.base, this.first);
    this.budget.change(-BLOCK);
    return true;
  }

  private forgetSizes(): void {
    while (this.marks.length > 1 && (this.marks[1] as SizeMark).from <= this.base) this.marks.shift();
  }

  dispose(): void {
    this.budget.remove(this);
    this.blocks.length = 0;
    this.spare.length = 0;
  }
}
