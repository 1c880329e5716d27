// What a terminal emulator gives back: what was typed and its replies to queries, told apart.
import type { Clock, Timer } from '@hermit/transport';
import { ReplySplitter } from './query-replies.ts';

/** A terminal's reply that came in two parts is waited for this long, milliseconds. */
const REPLY_WAIT_MS = 50;

type TerminalInputPort = {
  /** Whether so many bytes would be taken. */
  fits(length: number): boolean;
  type(bytes: Uint8Array): void;
  answer(bytes: Uint8Array): void;
};

export class TerminalInput {
  private readonly splitter = new ReplySplitter();
  private timer: Timer | null = null;
  private readonly clock: Clock;
  private readonly port: TerminalInputPort;

  constructor(clock: Clock, port: TerminalInputPort) {
    this.clock = clock;
    this.port = port;
  }

  /** `answers`: whether replies may pass at all. False: refused, all of it. */
  push(bytes: Uint8Array, answers: boolean): boolean {
    const { port, splitter } = this;
    if (!port.fits(bytes.length + splitter.held)) return false;
    for (const part of splitter.push(bytes)) {
      if (!part.reply) port.type(part.bytes);
      else if (answers) port.answer(part.bytes);
    }
    this.stop();
    if (splitter.held > 0)
      this.timer = this.clock.after(REPLY_WAIT_MS, () => {
        for (const part of splitter.flush()) port.type(part.bytes);
      });
    return true;
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = null;
  }
}
