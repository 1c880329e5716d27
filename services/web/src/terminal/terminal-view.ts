// What an attachment paints on: the emulator. Acknowledges in the emulator's own write callback, never before.
import type { AttachmentState, Painting, SessionStatus, View } from '@hermit/client';
import type { Exit, HermitError, Size } from '@hermit/protocol';
import type { Terminal } from '@xterm/xterm';
import { scrollbackToAdd } from './scrollback-merge.ts';

/** What the page wants to know of it. */
export type ViewEvents = Pick<View, 'state' | 'status' | 'ended' | 'refused' | 'closed'> & {
  resized(size: Size): void;
  inputRoom(): void;
};

export class TerminalView implements View {
  private readonly term: Terminal;
  private readonly events: ViewEvents;

  constructor(term: Terminal, events: ViewEvents) {
    this.term = term;
    this.events = events;
  }

  data(bytes: Uint8Array, done: () => void): void {
    this.term.write(bytes, done);
  }

  snapshot({ scrollback, screen, repaint }: Painting, done: () => void): void {
    const { term } = this;
    if (repaint) term.write(scrollbackToAdd(term, scrollback));
    else {
      term.reset();
      term.write(scrollback);
    }
    term.write(screen, done);
  }

  resized(size: Size): void {
    if (size.cols !== this.term.cols || size.rows !== this.term.rows) this.term.resize(size.cols, size.rows);
    this.events.resized(size);
  }

  state(state: AttachmentState): void {
    this.events.state(state);
  }

  status(status: SessionStatus): void {
    this.events.status(status);
  }

  /** Only a stream can lose history; a screen is painted anew. */
  historyLost(): void {}

  ended(exit: Exit): void {
    this.events.ended(exit);
  }

  refused(error: HermitError): void {
    this.events.refused(error);
  }

  closed(error: HermitError): void {
    this.events.closed(error);
  }

  inputRoom(): void {
    this.events.inputRoom();
  }
}
