// Fits the terminal into its place: measures the size this window would have, and shows whatever size the session has.
import type { Size } from '@hermit/protocol';
import { LIMITS } from '@hermit/protocol';
import { FitAddon } from '@xterm/addon-fit';
import type { Terminal } from '@xterm/xterm';

/** Smaller letters than this are none, pixels. */
const SMALLEST = 3;
/** Resizing a window is many sizes; a program needs the last. Milliseconds. */
const SETTLE = 80;

export class Fitting {
  /** The size this window has room for at the chosen font; null until it was seen. */
  own: Size | null = null;
  private readonly addon = new FitAddon();
  private readonly observer: ResizeObserver;
  private readonly term: Terminal;
  private readonly host: HTMLElement;
  private readonly measured: (size: Size) => void;
  private fontSize: number;
  /** How much closer a person looks at a session that is larger than the window. */
  private closer = 1;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** `measured` hears every new size of the window. */
  constructor(term: Terminal, host: HTMLElement, fontSize: number, measured: (size: Size) => void) {
    this.term = term;
    this.host = host;
    this.fontSize = fontSize;
    this.measured = measured;
    term.loadAddon(this.addon);
    this.observer = new ResizeObserver(() => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.fit(), SETTLE);
    });
    this.observer.observe(host);
    term.onResize(() => this.place());
  }

  setFontSize(fontSize: number): void {
    if (fontSize === this.fontSize) return;
    this.fontSize = fontSize;
    this.fit();
  }

  /** Shows part of a larger session in larger letters. `times`: from what shows it whole; returns what was done. */
  lookCloser(times: number): number {
    this.closer = Math.max(1, times);
    this.place();
    return this.closer;
  }

  get lookingCloser(): number {
    return this.closer;
  }

  /** The session is larger than this window has room for. */
  get crowded(): boolean {
    const { own, term } = this;
    return own !== null && (term.cols > own.cols || term.rows > own.rows);
  }

  /** Measures, tells when that is news, and places the terminal. */
  fit(): void {
    if (this.host.clientWidth === 0 || this.host.clientHeight === 0) return;
    if (this.term.options.fontSize !== this.fontSize) this.term.options.fontSize = this.fontSize;
    const room = this.addon.proposeDimensions();
    if (!room || !Number.isFinite(room.cols) || !Number.isFinite(room.rows)) return;
    const size = { cols: Math.min(room.cols, LIMITS.columns), rows: Math.min(room.rows, LIMITS.rows) };
    const news = this.own?.cols !== size.cols || this.own.rows !== size.rows;
    this.own = size;
    if (news) this.measured(size);
    this.place();
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.observer.disconnect();
  }

  /** A session of another size is shown whole: in smaller letters when it is larger, in the middle when it is smaller. */
  private place(): void {
    const { term, own, host } = this;
    if (!own) return;
    const whole = this.crowded ? this.sizeThatFits(own) : this.fontSize;
    if (!this.crowded) this.closer = 1;
    const fontSize = Math.max(whole, Math.min(this.fontSize, whole * this.closer));
    this.closer = fontSize / whole;
    if (term.options.fontSize !== fontSize) term.options.fontSize = fontSize;
    host.classList.toggle('foreign-size', term.cols !== own.cols || term.rows !== own.rows);
    host.classList.toggle('overflowing', fontSize > whole);
  }

  /** The largest letters that show all of a session which is larger than this window. */
  private sizeThatFits(own: Size): number {
    const { term } = this;
    const shrink = Math.min(own.cols / term.cols, own.rows / term.rows);
    let fontSize = Math.max(SMALLEST, Math.ceil(this.fontSize * shrink * 4) / 4);
    // Cells are whole pixels: letters of half the size need not take half the room.
    for (; fontSize > SMALLEST; fontSize -= 0.25) {
      term.options.fontSize = fontSize;
      if (this.hasRoom()) break;
    }
    return fontSize;
  }

  private hasRoom(): boolean {
    const room = this.addon.proposeDimensions();
    return room !== undefined && room.cols >= this.term.cols && room.rows >= this.term.rows;
  }
}
