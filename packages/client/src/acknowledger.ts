// When an attachment says what it has consumed (FL-4), and that it is still there (CU-4).
import type { Clock, Timer } from '@hermit/transport';
import type { Tuning } from './tuning.ts';

export class Acknowledger {
  private readonly clock: Clock;
  private readonly tuning: Tuning;
  /** Sends one; false: not attached, and nobody to tell. */
  private readonly send: () => boolean;
  private readonly lease: Timer;
  private unacked = 0;
  /** So many bytes are acknowledged at once. */
  private much: number;
  private timer: Timer | null = null;
  /** When it runs out. */
  private due = 0;
  private sentAt = 0;
  private over = false;

  constructor(clock: Clock, tuning: Tuning, send: () => boolean) {
    this.clock = clock;
    this.tuning = tuning;
    this.send = send;
    this.much = Math.min(tuning.ackBytesLeast, tuning.ackBytes);
    this.lease = clock.every(tuning.ackKeepalive / 2, () => this.keepAlive());
  }

  /** Bytes of output; 0: a snapshot, a jump, the end. */
  consumed(bytes: number): void {
    const { tuning } = this;
    const little = bytes > 0 && this.unacked + bytes < tuning.ackLittle;
    this.owe(bytes, this.much, little ? tuning.ackLittleDelay : tuning.ackDelay);
  }

  /** Bytes of a snapshot that is on its way. */
  kept(bytes: number): void {
    this.owe(bytes, this.tuning.ackSnapshotBytes, this.tuning.ackDelay);
  }

  /**
   * FL-4: within 20 ms, or at once when it is much. How much grows while it comes fast, from below the least window:
   * few acknowledgements of a flood, and none that a small window has to wait for. An echo is no more than a little, and
   * nobody waits for its acknowledgement.
   */
  private owe(bytes: number, atOnce: number, delay: number): void {
    if (this.over) return;
    const { tuning, clock } = this;
    this.unacked += bytes;
    if (this.unacked >= atOnce) {
      this.much = Math.min(2 * this.much, tuning.ackBytes);
      this.now();
      return;
    }
    const due = clock.monotonic() + delay;
    if (this.timer && this.due <= due) return;
    this.timer?.cancel();
    this.due = due;
    this.timer = clock.after(delay, () => {
      this.much = Math.min(tuning.ackBytesLeast, tuning.ackBytes);
      this.now();
    });
  }

  now(): void {
    this.timer?.cancel();
    this.timer = null;
    this.unacked = 0;
    if (!this.over && this.send()) this.sentAt = this.clock.monotonic();
  }

  /** Something else leaves now: one that is due soon wakes nobody twice when it travels with it. */
  along(): void {
    if (this.timer && this.due - this.clock.monotonic() <= this.tuning.ackDelay) this.now();
  }

  /** CU-4: the lease. Also called when a ping comes: the timers of a hidden page sleep. */
  keepAlive(): void {
    if (this.clock.monotonic() - this.sentAt >= this.tuning.ackKeepalive - 1) this.now();
  }

  stop(): void {
    this.over = true;
    this.lease.cancel();
    this.timer?.cancel();
  }
}
