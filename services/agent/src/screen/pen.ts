// The pen of the terminal that is being painted: writes attributes only where they change.
import {
  type Attributes,
  BG,
  COLOUR,
  COLOUR_MODE,
  type Core,
  type Extended,
  FG,
  MODE_16,
  MODE_256,
  UNDERLINE_STYLE_SHIFT,
} from './internals.ts';

/** The emulator's mark of "no underline colour" (SGR 59). */
const NO_UNDERLINE_COLOUR = COLOUR;

export class Pen {
  private fg = 0;
  private bg = 0;
  private underline = 0;
  private link = 0;
  private readonly links: Core['_oscLinkService'];

  constructor(links: Core['_oscLinkService']) {
    this.links = links;
  }

  /** True: what is erased now is erased to the default background. */
  get erasesToDefault(): boolean {
    return (this.bg & COLOUR) === 0;
  }

  /** To what a cell shows: an underline's style and colour, and a link, count only where the cell has them. */
  toCell(fg: number, bg: number, extended: Extended | undefined): string {
    const has = (bg & BG.extended) !== 0 && extended !== undefined;
    return this.set(fg, bg, has ? extended._ext : 0) + this.toLink(has ? extended._urlId : 0);
  }

  /** To a pen, which remembers an underline colour also while nothing is underlined. */
  toPen({ fg, bg, extended }: Attributes): string {
    return this.set(fg, bg, extended._ext) + this.toLink(bg & BG.extended ? extended._urlId : 0);
  }

  /** To what erases to this background, and prints nothing but it. */
  toBackground(bg: number): string {
    return this.set(0, bg & COLOUR, 0) + this.toLink(0);
  }

  reset(): string {
    return this.toBackground(0);
  }

  private set(rawFg: number, rawBg: number, ext: number): string {
    const fg = (rawFg & ~COLOUR) | colourOf(rawFg);
    const bg = (rawBg & ~COLOUR & ~BG.extended) | colourOf(rawBg);
    const style = fg & FG.underline ? (ext >>> UNDERLINE_STYLE_SHIFT) & 7 || 1 : 0;
    const underline = (ext & COLOUR) | (style << UNDERLINE_STYLE_SHIFT);
    if (fg === this.fg && bg === this.bg && underline === this.underline) return '';
    const wasProtected = this.bg & BG.protected;
    this.fg = fg;
    this.bg = bg;
    this.underline = underline;
    const guard = (bg & BG.protected) !== 0 ? '\x1b[1"q' : wasProtected ? '\x1b[0"q' : '';
    return `\x1b[${sgr(fg, bg, style, ext & COLOUR)}m${guard}`;
  }

  private toLink(id: number): string {
    if (id === this.link) return '';
    this.link = id;
    const link = id === 0 ? undefined : this.links.getLinkData(id);
    return link ? `\x1b]8;${link.id ? `id=${link.id}` : ''};${link.uri}\x1b\\` : '\x1b]8;;\x1b\\';
  }
}

function sgr(fg: number, bg: number, underlineStyle: number, underlineColour: number): string {
  let s = '';
  if (fg & FG.bold) s += ';1';
  if (bg & BG.dim) s += ';2';
  if (bg & BG.italic) s += ';3';
  if (underlineStyle === 1) s += ';4';
  else if (underlineStyle !== 0) s += `;4:${underlineStyle}`;
  if (fg & FG.blink) s += ';5';
  if (fg & FG.inverse) s += ';7';
  if (fg & FG.invisible) s += ';8';
  if (fg & FG.struck) s += ';9';
  if (bg & BG.overline) s += ';53';
  s += colour(fg, 30) + colour(bg, 40);
  if (underlineColour === NO_UNDERLINE_COLOUR) s += ';59';
  else if (underlineColour !== 0) s += colour(underlineColour, 50);
  return s === '' ? '' : `0${s}`;
}

/** Without what an earlier colour of another kind may have left in the bits that the kind does not use. */
function colourOf(value: number): number {
  const mode = value & COLOUR_MODE;
  if (mode === 0) return 0;
  return value & (mode === COLOUR_MODE ? COLOUR : COLOUR_MODE | 0xff);
}

/** `base`: 30 for the foreground, 40 for the background, 50 for underlines. */
function colour(value: number, base: number): string {
  const mode = value & COLOUR_MODE;
  if (mode === 0) return '';
  if (mode === MODE_16) {
    const index = value & 0xff;
    return `;${index < 8 ? base + index : base + 60 + index - 8}`;
  }
  // Underline colours came after the colons, which keep older terminals from taking their parts for attributes.
  const sep = base === 50 ? ':' : ';';
  if (mode === MODE_256) return `;${[base + 8, 5, value & 0xff].join(sep)}`;
  const rgb = [(value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff].join(sep);
  return `;${base + 8}${sep}2${base === 50 ? '::' : ';'}${rgb}`;
}
