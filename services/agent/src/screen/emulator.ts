// One session's emulator: parses output, knows at which offset it stands, and paints itself.
import type { Size } from '@hermit/protocol';
import type { Terminal } from '@xterm/headless';
import { type Core, createTerminal, PARSER } from './internals.ts';
import { paint } from './painter.ts';
import type { ScreenSnapshot } from './screen.ts';

/** What is kept of a sequence that does not end: enough for every sequence that does something on its own. */
const UNFINISHED = 64 * 1024;

export class Emulator {
  /** Bytes parsed. */
  offset = 0;
  readonly core: Core;
  private readonly terminal: Terminal;
  private readonly scrollback: number;
  private size: Size;
  /** The sequence that the parser is in the middle of, from its introducer on. */
  private unfinished: Uint8Array[] = [];
  private unfinishedBytes = 0;

  constructor(size: Size, scrollback: number) {
    this.size = size;
    this.scrollback = scrollback;
    const { terminal, core } = createTerminal(size.cols, size.rows, scrollback);
    this.terminal = terminal;
    this.core = core;
  }

  /** So many line feeds take the cursor to the last row from anywhere and every older line out of the scrollback. */
  get linesToForget(): number {
    return 2 * this.core.rows + this.scrollback;
  }

  /** The conditions of skip.ts: nothing but the pen and the column decides what plain output does. */
  get skippable(): boolean {
    const { active, normal } = this.core.buffers;
    const { modes, decPrivateModes } = this.core.coreService;
    return (
      this.idle &&
      active === normal &&
      active.scrollTop === 0 &&
      active.scrollBottom === this.core.rows - 1 &&
      !modes.insertMode &&
      !decPrivateModes.origin &&
      // The emulator counts the lines of a link.
      this.core._inputHandler._curAttrData.extended._urlId === 0
    );
  }

  /** Nothing that was parsed waits for its end. */
  get idle(): boolean {
    return this.core._inputHandler._parser.currentState === PARSER.ground;
  }

  /**
   * Parses whole characters: bytes that end within one are for the caller to keep (see `wholeCharacters`), because the
   * emulator's decoder loses some characters that come in two parts.
   */
  parse(bytes: Uint8Array): void {
    this.core._inputHandler.parse(bytes);
    this.offset += bytes.length;
    if (this.idle) {
      if (this.unfinishedBytes > 0) this.finish();
      return;
    }
    const start = introducer(bytes);
    if (start >= 0) this.finish();
    const part = start > 0 ? bytes.subarray(start) : bytes;
    if (this.unfinishedBytes + part.length > UNFINISHED) return;
    this.unfinished.push(part.slice());
    this.unfinishedBytes += part.length;
  }

  /** Passes over bytes that leave no trace but this pen. */
  skip(count: number, pen: Uint8Array): void {
    this.core._inputHandler.parse(pen);
    this.offset += count;
  }

  resize(size: Size): void {
    this.size = size;
    this.terminal.resize(size.cols, size.rows);
  }

  snapshot(): ScreenSnapshot {
    return {
      ...paint(this.core, this.unfinishedText(), this.scrollback),
      offset: this.offset,
      size: this.size,
      title: this.core._inputHandler._windowTitle,
    };
  }

  /** What the emulator answers to queries; heard while nobody looks who could (IN-6). */
  onReply(listener: (text: string) => void): void {
    this.terminal.onData(listener);
  }

  dispose(): void {
    this.terminal.dispose();
  }

  private finish(): void {
    this.unfinished = [];
    this.unfinishedBytes = 0;
  }

  private unfinishedText(): string {
    const text = Buffer.concat(this.unfinished).toString();
    // Control characters within a sequence have had their effect; only a device string keeps them as its content.
    if (this.core._inputHandler._parser.currentState === PARSER.dcsPassthrough) return text;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is meant
    return text.replace(/[\x00-\x1a\x1c-\x1f]/g, '');
  }
}

/** Where the last sequence of `bytes` begins: an escape, or its eight-bit form as UTF-8; -1 for nowhere. */
function introducer(bytes: Uint8Array): number {
  const last = bytes.lastIndexOf(0x1b);
  for (let i = bytes.length - 2; i > last; i--) {
    if (bytes[i] === 0xc2 && (bytes[i + 1] as number) < 0xa0) return i;
  }
  return last;
}
