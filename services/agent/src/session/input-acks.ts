// When input is acknowledged: at once where somebody waits, else a little later, together with others or with output.
import { inputAckFrame, LIMITS } from '@hermit/protocol';
import type { Clock, Timer } from '@hermit/transport';
import type { Attachment } from './attachment.ts';

export type InputAcksPort = {
  readonly idBytes: Uint8Array;
  clock: Clock;
  /** How much of an attachment's input was applied. */
  applied(clientId: string): number;
  frame(frame: Uint8Array): void;
  alloc: ((length: number) => Uint8Array) | undefined;
};

export class InputAcks {
  /** Whose input was applied and not acknowledged yet. */
  private readonly waiting = new Set<Attachment>();
  /** Whose input found no room: they are told as soon as there is some (IN-4). */
  private readonly refused = new Set<Attachment>();
  private timer: Timer | null = null;
  private due = 0;
  private readonly port: InputAcksPort;

  constructor(port: InputAcksPort) {
    this.port = port;
  }

  /** `taken` bytes were new and found room; `full`: others did not. */
  arrived(a: Attachment, taken: number, gap: boolean, full: boolean): void {
    if (full) this.refused.add(a);
    if (gap || taken === 0 || taken >= LIMITS.paste) {
      this.send(a, gap);
      return;
    }
    this.waiting.add(a);
    if (this.timer) return;
    this.due = this.port.clock.monotonic() + LIMITS.inputAckDelay;
    this.timer = this.port.clock.after(LIMITS.inputAckDelay, () => this.sendAll());
  }

  /** Output goes out now: what is due soon travels with it. */
  withOutput(now: number): void {
    if (this.timer && this.due - now <= LIMITS.inputAckEarly) this.sendAll();
  }

  /** The program has read its input again. The gap that this names is answered at once, not at the next repeat. */
  room(): void {
    if (this.refused.size === 0) return;
    for (const a of this.refused) this.send(a, true);
    this.refused.clear();
  }

  forget(a: Attachment): void {
    this.waiting.delete(a);
    this.refused.delete(a);
  }

  stop(): void {
    this.timer?.cancel();
  }

  private send(a: Attachment, gap: boolean): void {
    this.waiting.delete(a);
    const { idBytes, applied, alloc } = this.port;
    this.port.frame(inputAckFrame(idBytes, a.to.attachment, a.attempt, applied(a.id), gap, alloc));
  }

  private sendAll(): void {
    this.timer?.cancel();
    this.timer = null;
    for (const a of this.waiting) this.send(a, false);
  }
}
