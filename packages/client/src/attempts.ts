// The attempts of an attachment: an id, a greater number for each attach, repeated until it is answered (CU-3, CU-4).
import { uuidBytes } from '@hermit/protocol';
import type { Clock, Random, Timer } from '@hermit/transport';
import type { Tuning } from './tuning.ts';

type AttemptsPort = {
  /** Attaches by the present attempt; false: there is nothing to attach, or no way to. */
  send(): boolean;
  /** There was no answer in good time. */
  late(): void;
};

type Means = { clock: Clock; random: Random; newId: () => string; tuning: Tuning };

export class Attempts {
  /** Kept for life; only IN-2 ends it. */
  id: string;
  idBytes: Uint8Array;
  current = 0;
  private anewAt = Number.NEGATIVE_INFINITY;
  private timer: Timer | null = null;
  private readonly means: Means;
  private readonly port: AttemptsPort;

  constructor(means: Means, port: AttemptsPort) {
    this.means = means;
    this.port = port;
    this.id = means.newId();
    this.idBytes = uuidBytes(this.id);
  }

  get requestId(): string {
    return `${this.id}:${this.current}`;
  }

  isCurrent(m: { clientId: string; attempt: number }): boolean {
    return m.clientId === this.id && m.attempt === this.current;
  }

  /** IN-2: as another. */
  newIdentity(): void {
    this.id = this.means.newId();
    this.idBytes = uuidBytes(this.id);
  }

  next(): void {
    this.current++;
    this.settle();
  }

  /** Answered, or of no use any more. */
  settle(): void {
    this.timer?.cancel();
    this.timer = null;
  }

  ask(): void {
    if (!this.port.send()) return;
    this.timer?.cancel();
    const { clock, random, tuning } = this.means;
    this.timer = clock.after(tuning.attachRetry * (0.9 + 0.2 * random()), () => {
      this.port.late();
      this.ask();
    });
  }

  /** Over the same link once more. Paced, so that a pod which goes wrong is not stormed. */
  askAnew(): void {
    const { clock, tuning } = this.means;
    const now = clock.monotonic();
    const pause = this.anewAt + tuning.gapPause - now;
    this.anewAt = now;
    if (pause > 0) this.timer = clock.after(pause, () => this.ask());
    else this.ask();
  }
}
