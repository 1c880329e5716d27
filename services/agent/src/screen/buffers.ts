// Where output is gathered on its way to the emulators' thread. Large buffers are shared with it and come back when they are
// parsed. V8 counts what is allocated or transferred for every hand-over as garbage to be, and collects all the time.

/** Output is handed over when so much has come; bytes. */
export const HANDED_OVER = 4 * 1024 * 1024;
/** Sizes before that: a session that prints little holds little. */
const STEPS = [8 * 1024, 128 * 1024];
/** Large buffers that are kept for later. */
const KEPT = 4;

export class GatherBuffers {
  private readonly free: SharedArrayBuffer[] = [];

  take(size: number): Uint8Array {
    if (size < HANDED_OVER) return new Uint8Array(size);
    return new Uint8Array(this.free.pop() ?? new SharedArrayBuffer(size));
  }

  giveBack(buffers: readonly SharedArrayBuffer[]): void {
    for (const buffer of buffers) if (this.free.length < KEPT) this.free.push(buffer);
  }
}

/** What one screen has gathered. */
export class Gathered {
  bytes = 0;
  private buffer: Uint8Array | null = null;
  private readonly buffers: GatherBuffers;

  constructor(buffers: GatherBuffers) {
    this.buffers = buffers;
  }

  /** Copies what fits of `bytes` from `from` on; returns how much that was: more than nothing below HANDED_OVER. */
  add(bytes: Uint8Array, from: number): number {
    const buffer = this.roomFor(bytes.length - from);
    const n = Math.min(buffer.length - this.bytes, bytes.length - from);
    buffer.set(n === bytes.length ? bytes : bytes.subarray(from, from + n), this.bytes);
    this.bytes += n;
    return n;
  }

  /** What was gathered, and is now the caller's; null: nothing. */
  take(): Uint8Array | null {
    const taken = this.bytes === 0 ? null : (this.buffer?.subarray(0, this.bytes) ?? null);
    this.buffer = null;
    this.bytes = 0;
    return taken;
  }

  private roomFor(more: number): Uint8Array {
    const { buffer } = this;
    const needed = this.bytes + more;
    if (buffer && (needed <= buffer.length || buffer.length === HANDED_OVER)) return buffer;
    const larger = this.buffers.take(STEPS.find((size) => size >= needed) ?? HANDED_OVER);
    if (buffer) larger.set(buffer.subarray(0, this.bytes));
    this.buffer = larger;
    return larger;
  }
}
