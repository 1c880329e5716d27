// Keystrokes that the agent has not acknowledged, by their number; bounded (IN-1, IN-2).
import { LIMITS } from '@hermit/protocol';

/** A run of input bytes: `at` is the number of the first. Replies to terminal queries are marked apart. */
export type InputRun = { at: number; bytes: Uint8Array; reply: boolean };

export class InputQueue {
  /** Number of the first byte that is not acknowledged. */
  acked = 0;
  /** Number of the next byte. */
  end = 0;
  private runs: InputRun[] = [];
  private readonly bound: number;
  private readonly frame: number;

  constructor(bound: number = LIMITS.inputQueue, frame: number = LIMITS.inputFrame) {
    this.bound = bound;
    this.frame = frame;
  }

  get room(): number {
    return this.bound - (this.end - this.acked);
  }

  /** All or nothing: false when it does not fit. Copies. */
  push(bytes: Uint8Array, reply: boolean): boolean {
    if (bytes.length > this.room) return false;
    if (bytes.length > 0) this.runs.push({ at: this.end, bytes: new Uint8Array(bytes), reply });
    this.end += bytes.length;
    return true;
  }

  /** Forgets what is acknowledged. True when that was news. */
  ack(upTo: number): boolean {
    if (upTo <= this.acked || upTo > this.end) return false;
    this.acked = upTo;
    while (this.runs[0] && this.runs[0].at + this.runs[0].bytes.length <= upTo) this.runs.shift();
    const first = this.runs[0];
    if (first && first.at < upTo)
      this.runs[0] = { at: upTo, bytes: first.bytes.subarray(upTo - first.at), reply: first.reply };
    return true;
  }

  /** What is to be sent from `at` on: as few runs as the frame size and the marks allow. */
  from(at: number): InputRun[] {
    // Nearly always: what was just typed.
    const last = this.runs.at(-1);
    if (last?.at === at && last.bytes.length <= this.frame) return [last];
    const out: InputRun[] = [];
    let gathered: Uint8Array[] = [];
    let start = 0;
    let length = 0;
    let reply = false;
    const flush = () => {
      if (length > 0)
        out.push({ at: start, bytes: gathered.length === 1 ? first(gathered) : join(gathered, length), reply });
      gathered = [];
      length = 0;
    };
    for (let index = this.indexOf(at); index < this.runs.length; index++) {
      const run = this.runs[index] as InputRun;
      let rest = at > run.at ? run.bytes.subarray(at - run.at) : run.bytes;
      let position = Math.max(at, run.at);
      while (rest.length > 0) {
        if (length > 0 && (reply !== run.reply || length >= this.frame)) flush();
        if (length === 0) {
          start = position;
          reply = run.reply;
        }
        const part = rest.subarray(0, this.frame - length);
        gathered.push(part);
        length += part.length;
        position += part.length;
        rest = rest.subarray(part.length);
      }
    }
    flush();
    return out;
  }

  /** The run that holds byte `at`. From the end: what is sent is almost always what was typed last. */
  private indexOf(at: number): number {
    let index = this.runs.length - 1;
    while (index > 0 && (this.runs[index] as InputRun).at > at) index--;
    return Math.max(0, index);
  }

  /** Gives up what is not acknowledged; numbering starts again, for a new attachment id. */
  restart(): void {
    this.runs = [];
    this.acked = this.end = 0;
  }
}

function first(parts: Uint8Array[]): Uint8Array {
  return parts[0] as Uint8Array;
}

function join(parts: Uint8Array[], length: number): Uint8Array {
  const b = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    b.set(part, at);
    at += part.length;
  }
  return b;
}
