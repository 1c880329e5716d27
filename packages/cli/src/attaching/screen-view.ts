// A view that paints a session on this terminal: what it is told becomes what is written. No I/O of its own.
import type { AttachmentState, Painting, SessionStatus, View } from '@hermit/client';
import type { Exit, HermitError, Size } from '@hermit/protocol';
import { cutTo, printable, widthOf } from '../output/printable.ts';
import { RESET } from '../terminal/restore.ts';

type ScreenPort = {
  write(data: Uint8Array | string, done?: () => void): void;
  size(): Size;
  state(state: AttachmentState): void;
  /** The size of the session was heard: it may soon be that of this terminal, which asks for it. */
  resized(): void;
  /** The session has another size than this terminal; told once. */
  differs(session: Size, terminal: Size): void;
  ended(exit: Exit): void;
  refused(error: HermitError): void;
  closed(error: HermitError): void;
  inputRoom(): void;
};

const SYNC_BEGIN = '\x1b[?2026h';
const SYNC_END = '\x1b[?2026l';

export class ScreenView implements View {
  driving = false;
  private session: Size | null = null;
  private differenceTold = false;
  private readonly port: ScreenPort;

  constructor(port: ScreenPort) {
    this.port = port;
  }

  data(bytes: Uint8Array, done: () => void): void {
    this.port.write(bytes, done);
  }

  snapshot({ scrollback, screen, repaint }: Painting, done: () => void): void {
    const above = repaint ? '' : this.pushUp(scrollback);
    this.port.write(`${above}${RESET}${SYNC_BEGIN}\x1b[H\x1b[J${screen}${SYNC_END}`, done);
  }

  /**
   * Everything that is on the terminal, and the scrollback after it, moves above the screen: a line in row r leaves
   * it with as many line feeds as there are rows, wherever the cursor is. Before any reset, which would move it.
   */
  private pushUp(scrollback: string): string {
    return `${scrollback}\x1b[0m${'\n'.repeat(this.port.size().rows)}`;
  }

  /** A line over the last row, for as long as nothing else can be shown there. */
  overlay(text: string): void {
    const line = cutTo(` hermit: ${printable(text)} `, this.port.size().cols - 1);
    // CAN first: the bytes may have stopped in the middle of a sequence.
    this.port.write(`\x18\x1b7\x1b[999;1H\x1b[0;7m${line}\x1b[0m\x1b[K\x1b8`);
  }

  /** Some words in the corner that programs use least, where the cursor rarely is. */
  corner(text: string): void {
    const { cols } = this.port.size();
    const line = cutTo(` hermit: ${printable(text)} `, cols - 1);
    this.port.write(`\x18\x1b7\x1b[1;${cols - widthOf(line)}H\x1b[0;7m${line}\x1b[0m\x1b8`);
  }

  bell(): void {
    this.port.write('\x07');
  }

  resized(size: Size): void {
    this.session = size;
    this.port.resized();
  }

  /** Says once that the session has another size than this terminal. */
  compare(): void {
    const { session } = this;
    const terminal = this.port.size();
    if (!session || this.differenceTold || (session.cols === terminal.cols && session.rows === terminal.rows)) return;
    this.differenceTold = true;
    this.port.differs(session, terminal);
  }

  state(state: AttachmentState): void {
    this.port.state(state);
  }

  status({ driving }: SessionStatus): void {
    this.driving = driving;
  }

  historyLost(): void {} // a screen gets a snapshot instead

  ended(exit: Exit): void {
    this.port.ended(exit);
  }

  refused(error: HermitError): void {
    this.port.refused(error);
  }

  closed(error: HermitError): void {
    this.port.closed(error);
  }

  inputRoom(): void {
    this.port.inputRoom();
  }
}
