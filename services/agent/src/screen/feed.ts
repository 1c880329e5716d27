// Output on its way into one emulator: in order with changes of size, a slice at a time, skipping what leaves no trace.
import { type Size, wholeCharacters } from '@hermit/protocol';
import { Emulator } from './emulator.ts';
import type { ScreenSnapshot } from './screen.ts';
import { LONGEST_SEQUENCE, mayGoOn, runEnd, skip } from './skip.ts';

/** Bytes parsed in one step: a few milliseconds. */
const SLICE = 64 * 1024;
/** Waiting output below this is parsed without a look at what could be skipped. */
const SKIP_FROM = 256 * 1024;
/** The kept end of a run is held back up to this length; bytes. */
const HELD = 1024 * 1024;
/** What waits in pieces is looked at together up to this length: what is held, and what is handed over at a time, fit. */
const TOGETHER = 8 * 1024 * 1024;
/** Used for each look, of whichever feed: memory that is new for each is cleared by the system, and collected. */
let scratch: Uint8Array | undefined;

/** What holds for the output that follows: the size, or whether its queries are answered. */
type Change = Size | { answer: boolean };
type Request = { atLeast: number; done: (snapshot: ScreenSnapshot) => void };

export class Feed {
  readonly emulator: Emulator;
  private readonly waiting: (Uint8Array | Change)[] = [];
  private answering = true;
  private requests: Request[] = [];
  /** Up to here a look has found nothing to skip. */
  private lookAgainAt = 0;
  /**
   * All that waits is the kept end of a run that may go on. Parsing it takes most of an emulator's time in a flood, and
   * is in vain when as much follows: so it waits for what follows, for a request, or for `release`.
   */
  private held = false;
  private readonly skipFrom: number;
  private readonly parsed: (buffer: ArrayBufferLike) => void;

  /** `parsed` is given each buffer that was written when nothing of it is needed any more. */
  constructor(
    size: Size,
    scrollback: number,
    options: { skipFrom?: number; parsed?: (buffer: ArrayBufferLike) => void } = {},
  ) {
    this.emulator = new Emulator(size, scrollback);
    this.skipFrom = options.skipFrom ?? SKIP_FROM;
    this.parsed = options.parsed ?? (() => {});
  }

  /** The buffer of `bytes` is the feed's until it gives it back, and nothing else is in it. */
  write(bytes: Uint8Array): void {
    if (bytes.length > 0) this.push(bytes);
  }

  resize(size: Size): void {
    this.push(size);
  }

  answer(on: boolean): void {
    this.push({ answer: on });
  }

  /** Something waits that could be parsed; after a while of quiet `release` is due. */
  get holds(): boolean {
    return this.held;
  }

  /** What is held back is to be parsed now. */
  release(): void {
    this.held = false;
  }

  /** Replies to queries in output that is to be answered. */
  onReply(listener: (text: string) => void): void {
    this.emulator.onReply((text) => {
      if (this.answering) listener(text);
    });
  }

  request(atLeast: number, done: Request['done']): void {
    this.requests.push({ atLeast, done });
    this.release();
    this.settle();
  }

  /** Parses a slice; false: nothing is to be done until more comes, or what is held is released. */
  step(): boolean {
    const head = this.waiting[0];
    if (head === undefined || this.held) return false;
    if (!(head instanceof Uint8Array)) {
      this.waiting.shift();
      if ('answer' in head) this.answering = head.answer;
      else this.emulator.resize(head);
      return true;
    }
    if (this.skipAhead()) return true;
    const worked = this.parseSlice();
    this.settle();
    return worked;
  }

  dispose(): void {
    this.waiting.length = 0;
    this.requests = [];
    this.emulator.dispose();
  }

  private push(item: Uint8Array | Change): void {
    this.waiting.push(item);
    this.release();
  }

  private parseSlice(): boolean {
    let head = this.waiting[0] as Uint8Array;
    let whole = wholeCharacters(head.length > SLICE ? head.subarray(0, SLICE) : head);
    for (let next = this.waiting[1]; whole === 0 && next instanceof Uint8Array; next = this.waiting[1]) {
      head = this.join(head, next);
      whole = wholeCharacters(head.length > SLICE ? head.subarray(0, SLICE) : head);
    }
    if (whole === 0) {
      // The rest of the character is to come, unless the size changes first or a snapshot cannot wait for it.
      if (this.waiting.length === 1 && this.requests.length === 0) return false;
      whole = head.length;
    }
    this.emulator.parse(head.subarray(0, whole));
    this.goOn(head, whole);
    return true;
  }

  /** The first item is done with up to `at`. */
  private goOn(head: Uint8Array, at: number): void {
    const left = head.length - at;
    // A character that has not ended keeps no buffer.
    const rest = left < 4 ? head.slice(at) : head.subarray(at);
    if (left === 0) this.waiting.shift();
    else this.waiting[0] = rest;
    if (rest.buffer !== head.buffer) this.parsed(head.buffer);
  }

  /** The first `count` items have been put together: `joined` stands for them. */
  private replace(count: number, joined: Uint8Array): void {
    for (const item of this.waiting.splice(0, count, joined)) if (item instanceof Uint8Array) this.parsed(item.buffer);
  }

  private skipAhead(): boolean {
    const { emulator } = this;
    if (emulator.offset < this.lookAgainAt || this.ready() < this.skipFrom || !emulator.skippable) return false;
    // Mostly the first sequence that does not belong is near: then nothing need be joined to see it.
    const head = this.waiting[0] as Uint8Array;
    const near = runEnd(head);
    if (near < head.length - LONGEST_SEQUENCE) {
      this.lookAgainAt = emulator.offset + near + 1;
      if (near < this.skipFrom) return false;
    }
    const apart = near < head.length - LONGEST_SEQUENCE;
    const { bytes, items } = apart ? { bytes: head, items: 1 } : this.together();
    const end = bytes === head ? near : runEnd(bytes);
    const found = skip(bytes, end, emulator.linesToForget);
    if (!found) {
      // Past what ended the run; or, in a run of lines too long to skip, when as much again has come.
      this.lookAgainAt = emulator.offset + (end < bytes.length ? end + 1 : this.skipFrom);
      return false;
    }
    emulator.parse(bytes.subarray(0, found.keep));
    emulator.skip(found.resume - found.keep, found.pen);
    const rest = bytes.length - found.resume;
    this.held = this.waiting.length === items && this.requests.length === 0 && rest <= HELD && mayGoOn(bytes, end);
    // What may be left for long keeps no buffer.
    if (this.held) this.replace(items, bytes.slice(found.resume));
    else this.pass(found.resume);
    return true;
  }

  /** Done with the first `count` bytes of what waits. */
  private pass(count: number): void {
    let left = count;
    for (let head = this.waiting[0]; head instanceof Uint8Array && left > 0; head = this.waiting[0]) {
      const at = Math.min(left, head.length);
      this.goOn(head, at);
      left -= at;
    }
  }

  /** Bytes that can be parsed before the next change of size. */
  private ready(): number {
    let bytes = 0;
    for (const item of this.waiting) {
      if (!(item instanceof Uint8Array)) break;
      bytes += item.length;
    }
    return bytes;
  }

  /** The output that waits before the next change of size, one item behind the other: to be looked at, not kept. */
  private together(): { bytes: Uint8Array; items: number } {
    const head = this.waiting[0] as Uint8Array;
    if (!(this.waiting[1] instanceof Uint8Array)) return { bytes: head, items: 1 };
    scratch ??= new Uint8Array(TOGETHER);
    let length = 0;
    let items = 0;
    for (const item of this.waiting) {
      if (!(item instanceof Uint8Array) || length + item.length > scratch.length) break;
      scratch.set(item, length);
      length += item.length;
      items++;
    }
    return { bytes: scratch.subarray(0, length), items };
  }

  /** Makes one of the first two items, the first of which is short. */
  private join(head: Uint8Array, next: Uint8Array): Uint8Array {
    const joined = new Uint8Array(head.length + next.length);
    joined.set(head);
    joined.set(next, head.length);
    this.replace(2, joined);
    return joined;
  }

  private settle(): void {
    if (this.requests.length === 0) return;
    const { offset } = this.emulator;
    const ready = this.requests.filter((r) => r.atLeast <= offset);
    if (ready.length === 0) return;
    this.requests = this.requests.filter((r) => r.atLeast > offset);
    const snapshot = this.emulator.snapshot();
    for (const { done } of ready) done(snapshot);
  }
}
