// What an attachment paints on: the emulator. Acknowledges in the emulator's own write callback, never before.
import type { AttachmentState, Painting, SessionStatus, View } from '@hermit/client';
import { type Exit, type HermitError, type Size, wholeCharacters } from '@hermit/protocol';
import type { Terminal } from '@xterm/xterm';
import { scrollbackToAdd } from './scrollback-merge.ts';

/** What the page wants to know of it. */
type ViewEvents = Pick<View, 'state' | 'status' | 'ended' | 'refused' | 'closed'> & {
  resized(size: Size): void;
  inputRoom(): void;
};

const NOTHING = new Uint8Array(0);

export class TerminalView implements View {
  /** The beginning of a character whose rest is to come: the emulator's decoder loses some that come in two parts. */
  private begun: Uint8Array = NOTHING;
  private readonly term: Terminal;
  private readonly events: ViewEvents;

  constructor(term: Terminal, events: ViewEvents) {
    this.term = term;
    this.events = events;
  }

  data(bytes: Uint8Array, done: () => void): void {
    const all = this.begun.length === 0 ? bytes : joined(this.begun, bytes);
    const whole = wholeCharacters(all);
    this.begun = all.slice(whole);
    this.term.write(all.subarray(0, whole), done);
  }

  snapshot({ scrollback, screen, repaint }: Painting, done: () => void): void {
    const { term } = this;
    this.begun = NOTHING;
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

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}
