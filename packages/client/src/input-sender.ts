// Sends keystrokes by their number, and again until the agent says that it has applied them (IN-1, IN-2).
import type { Clock, Timer } from '@hermit/transport';
import { InputQueue, type InputRun } from './input-queue.ts';
import type { Tuning } from './tuning.ts';

/** More than this in the socket's own buffer: sending again would only make it longer. Bytes. */
const BUSY = 64 * 1024;

type InputPort = {
  /** Null: nothing can be sent now. Otherwise what the socket holds back, in bytes. */
  buffered(): number | null;
  send(runs: readonly InputRun[]): void;
  /** There is room again after a refusal. */
  room(): void;
};

export class InputSender {
  /** How often input was sent again, for diagnosis. */
  resends = 0;
  readonly queue: InputQueue;
  private refusing = false;
  private timer: Timer | null = null;
  private wait: number;
  private sentAt = 0;
  private gapAt = -1;
  private gapSeenAt = 0;
  private readonly clock: Clock;
  private readonly tuning: Tuning;
  private readonly port: InputPort;

  constructor(clock: Clock, tuning: Tuning, port: InputPort) {
    this.clock = clock;
    this.tuning = tuning;
    this.port = port;
    this.wait = tuning.inputRetry;
    this.queue = new InputQueue(tuning.inputQueue, tuning.inputFrame);
  }

  /** Whether there is room; when not, `room` is called once there is some. */
  fits(length: number): boolean {
    if (length <= this.queue.room) return true;
    this.refusing = true;
    return false;
  }

  /** False: refused, all of it, because too much waits already. */
  type(bytes: Uint8Array, reply: boolean): boolean {
    const at = this.queue.end;
    if (!this.fits(bytes.length)) return false;
    this.queue.push(bytes, reply);
    if (this.port.buffered() !== null) this.send(at);
    return true;
  }

  /** The agent has applied everything before `upTo`; `gap`: it waits for what follows. */
  acked(upTo: number, gap: boolean): void {
    if (this.queue.ack(upTo)) {
      this.wait = this.tuning.inputRetry;
      if (this.refusing && this.queue.room > 0) {
        this.refusing = false;
        this.port.room();
      }
    }
    if (gap && upTo === this.queue.acked && !this.gapWasAnswered(upTo)) this.resend();
  }

  /** Attached: everything that is not acknowledged goes out. */
  resume(): void {
    this.wait = this.tuning.inputRetry;
    this.gapAt = -1;
    if (this.port.buffered() !== null) this.send(this.queue.acked);
  }

  /** Gives up what waits; true when there was something. */
  restart(): boolean {
    const had = this.queue.end > this.queue.acked;
    this.queue.restart();
    this.gapAt = -1;
    if (this.refusing) {
      this.refusing = false;
      this.port.room();
    }
    return had;
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = null;
  }

  /** Every frame that follows a lost one names the same gap; one answer is enough. */
  private gapWasAnswered(at: number): boolean {
    const now = this.clock.monotonic();
    const answered = at === this.gapAt && now - this.gapSeenAt < this.tuning.inputRetry / 5;
    if (!answered) {
      this.gapAt = at;
      this.gapSeenAt = now;
    }
    return answered;
  }

  private resend(): void {
    const buffered = this.port.buffered();
    if (buffered === null || buffered > BUSY) return;
    this.resends++;
    this.send(this.queue.acked);
  }

  private send(from: number): void {
    if (from >= this.queue.end) return;
    this.sentAt = this.clock.monotonic();
    this.port.send(this.queue.from(from));
    this.arm(this.wait);
  }

  private arm(ms: number): void {
    this.timer ??= this.clock.after(ms, () => {
      this.timer = null;
      if (this.queue.acked >= this.queue.end || this.port.buffered() === null) return; // `resume` begins again
      const left = this.sentAt + this.wait - this.clock.monotonic();
      if (left > 0) {
        this.arm(left);
        return;
      }
      this.wait = Math.min(2 * this.wait, this.tuning.inputRetryMax);
      this.resend();
      this.arm(this.wait);
    });
  }
}
