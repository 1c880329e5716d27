// What the tests of the screen share: an emulator's whole state as plain values, and seeded streams of real sequences.
import type { Random } from '@hermit/transport';
import {
  type Attributes,
  BG,
  type Buffer as CellBuffer,
  CODE_POINT,
  COLOUR,
  COLOUR_MODE,
  COMBINED,
  type Core,
  charsetLetter,
  type Extended,
  FG,
  HAS_CONTENT,
  type Line,
  UNDERLINE_STYLE_SHIFT,
  WIDTH_SHIFT,
} from './internals.ts';

// ---- State

function colour(value: number): string {
  const mode = value & COLOUR_MODE;
  if (mode === 0) return '-';
  return `${mode >>> 24}:${(value & (mode === COLOUR_MODE ? 0xff_ffff : 0xff)).toString(16)}`;
}

let showLinks = true;

function attributes(core: Core, fg: number, bg: number, extended: Extended | undefined, pen = false): string {
  const has = pen || (bg & BG.extended) !== 0;
  const ext = has && extended ? extended._ext : 0;
  const style = fg & FG.underline ? (ext >>> UNDERLINE_STYLE_SHIFT) & 7 || 1 : 0;
  const link = showLinks && has && extended?._urlId ? core._oscLinkService.getLinkData(extended._urlId) : undefined;
  const flags = `${((fg & ~COLOUR) >>> 0).toString(16)}/${((bg & ~COLOUR & ~BG.extended) >>> 0).toString(16)}`;
  // Without an underline its colour shows nowhere; a pen keeps it for later.
  const underline = pen || style > 0 ? colour(ext & COLOUR) : '-';
  return [colour(fg), colour(bg), flags, style, underline, link ? `${link.id}=${link.uri}` : ''].join(' ');
}

function cells(core: Core, line: Line): string[] {
  const d = line._data;
  return Array.from({ length: line.length }, (_, i) => {
    const content = d[i * 3] as number;
    const text =
      content & COMBINED ? line._combined[i] : content & HAS_CONTENT ? String.fromCodePoint(content & CODE_POINT) : '';
    const look = attributes(core, d[i * 3 + 1] as number, d[i * 3 + 2] as number, line._extendedAttrs[i]);
    return `${JSON.stringify(text)}${content >> WIDTH_SHIFT} ${look}`;
  });
}

/** The lines of a buffer from `above` lines over the screen on; `wraps` false leaves the first one's wrap out. */
function lines(core: Core, buffer: CellBuffer, above: number) {
  const from = buffer.ybase - above;
  return Array.from({ length: core.rows + above }, (_, i) => {
    const line = buffer.lines.get(from + i) as Line;
    return { row: i - above, wrapped: i > 0 && core.rows > 1 && line.isWrapped, cells: cells(core, line) };
  });
}

function place(core: Core, buffer: CellBuffer) {
  const saved: Attributes = buffer.savedCurAttrData;
  return {
    margins: [buffer.scrollTop, buffer.scrollBottom],
    tabs: Array.from({ length: core.cols }, (_, i) => i).filter((i) => buffer.tabs[i]),
    saved: {
      x: Math.min(buffer.savedX, core.cols - 1),
      y: Math.min(Math.max(buffer.savedY - buffer.ybase, 0), core.rows - 1),
      look: attributes(core, saved.fg, saved.bg, undefined),
      charset: charsetLetter(buffer.savedCharset),
    },
  };
}

/**
 * Everything that decides what is seen and what further output does; `above` lines of scrollback included. Without
 * `links`: the emulator forgets a link with the last line that it knows of, and a copy knows of fewer.
 */
export function stateOf(core: Core, above: number, links = true) {
  showLinks = links;
  const { normal, alt, active } = core.buffers;
  const parser = core._inputHandler._parser;
  const pen = core._inputHandler._curAttrData;
  return {
    active: active === alt ? 'alternate' : 'normal',
    normal: { lines: lines(core, normal, above), ...place(core, normal) },
    alternate: active === alt ? { lines: lines(core, alt, 0), ...place(core, alt) } : null,
    cursor: [active.x, active.y],
    pen: attributes(core, pen.fg, pen.bg, pen.extended, true),
    modes: { ...core.coreService.decPrivateModes, synchronizedOutput: false, ...core.coreService.modes },
    hidden: core.coreService.isCursorHidden,
    options: [core.optionsService.rawOptions.convertEol, core.optionsService.rawOptions.cursorBlink],
    mouse: [core.coreMouseService.activeProtocol, core.coreMouseService.activeEncoding],
    charsets: [0, 1, 2, 3].map((i) => charsetLetter(core._charsetService._charsets[i])),
    charset: [core._charsetService.glevel, charsetLetter(core._charsetService.charset)],
    title: core._inputHandler._windowTitle,
    parser: [parser.currentState, parser.precedingJoinState !== 0],
  };
}

// ---- Streams

const ESC = '\x1b';
const CSI = '\x1b[';
const WORDS = ['the', 'quick', 'brown', 'fox', 'x', 'lazy-dog', 'ünïcode', '日本語', '한글', '—', '“quoted”', '🦀'];
// No skin tones and joiners on their own: at the right edge they leave the emulator with half a wide character.
const CLUSTERS = ['e\u0301', 'n\u0303\u0323', '👩\u200d💻', '🇩🇪', '❤\ufe0f', '\u0301', 'क्षि', '1\ufe0f\u20e3'];
const NARROW_WORDS = ['the', 'quick', 'brown', 'x', 'lazy-dog', 'ünïcode', '—', '“quoted”'];
const NARROW_CLUSTERS = ['e\u0301', 'n\u0303\u0323', '\u0301'];

const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
const upTo = (random: Random, n: number) => Math.floor(random() * n);

function someText(random: Random, cols: number, narrow: boolean): string {
  return pick(random, [
    () => `${pick(random, narrow ? NARROW_WORDS : WORDS)} `,
    () => pick(random, narrow ? NARROW_WORDS : WORDS),
    () => pick(random, narrow ? NARROW_CLUSTERS : CLUSTERS),
    () => '\r\n',
    () => '\r\n',
    () => '\n',
    () => '\r',
    () => '\t',
    () => '\b',
    () => '\x0b',
    () => (narrow ? 'é' : '文').repeat(upTo(random, cols)),
    () => 'a'.repeat(upTo(random, 3 * cols)),
    () => 'ab\r\n'.repeat(upTo(random, 5)),
  ])();
}

function someSgr(random: Random): string {
  const one = () =>
    pick(random, [
      '0',
      '1',
      '2',
      '3',
      '4',
      '4:3',
      '4:2',
      '5',
      '7',
      '8',
      '9',
      '21',
      '22',
      '23',
      '24',
      '25',
      '27',
      '28',
      '29',
      `3${upTo(random, 8)}`,
      `4${upTo(random, 8)}`,
      `9${upTo(random, 8)}`,
      `10${upTo(random, 8)}`,
      '39',
      '49',
      '53',
      '55',
      `38;5;${upTo(random, 256)}`,
      `48;5;${upTo(random, 256)}`,
      `38;2;${upTo(random, 256)};${upTo(random, 256)};${upTo(random, 256)}`,
      `48;2;${upTo(random, 256)};0;${upTo(random, 256)}`,
      `58:5:${upTo(random, 256)}`,
      `58:2::1:2:${upTo(random, 256)}`,
      '59',
      '',
    ]);
  return `${CSI}${Array.from({ length: 1 + upTo(random, 3) }, one).join(';')}m`;
}

function someMove(random: Random, cols: number, rows: number): string {
  const n = () => (random() < 0.3 ? '' : String(upTo(random, 6)));
  return (
    CSI +
    pick(random, [
      () => `${1 + upTo(random, rows)};${1 + upTo(random, cols)}H`,
      () => `${1 + upTo(random, rows)};${cols}H`,
      () => `${n()}A`,
      () => `${n()}B`,
      () => `${n()}C`,
      () => `${n()}D`,
      () => `${n()}E`,
      () => `${n()}F`,
      () => `${1 + upTo(random, cols)}G`,
      () => `${1 + upTo(random, rows)}d`,
      () => `${n()}I`,
      () => `${n()}Z`,
    ])()
  );
}

function someEdit(random: Random): string {
  const n = upTo(random, 5);
  // Inserting in the middle of a wide character leaves the emulator with its second half: only from the left edge.
  if (random() < 0.07) return `\r${CSI}${n}@`;
  return (
    CSI +
    pick(
      random,
      [`${upTo(random, 3)}J`, `${upTo(random, 3)}K`, ...'KXPLMSTb'].map((e) => (e.length > 1 ? e : n + e)),
    )
  );
}

function someMode(random: Random, narrow: boolean): string {
  const onOff = random() < 0.5 ? 'h' : 'l';
  return pick(random, [
    `${CSI}?${pick(random, [1, 6, 25, 45, 1004, 2004, 66])}${onOff}`,
    `${CSI}?${pick(random, [9, 1000, 1002, 1003, 1006, 1016])}${onOff}`,
    `${CSI}4${onOff}`,
    `${CSI}20${onOff}`,
    `${ESC}=`,
    `${ESC}>`,
    `${CSI}${upTo(random, 7)} q`,
    // Without wrapping, wide characters at the right edge leave the emulator with half of one.
    `${CSI}?7${narrow ? onOff : 'h'}`,
    `${CSI}4l`,
    `${CSI}?6l`,
    `${CSI}?2026${onOff}`,
    `${CSI}1"q`,
    `${CSI}0"q`,
  ]);
}

// Saving the cursor keeps underlines and links by half, so attributes are put back after restoring it.
function someOther(random: Random, rows: number): string {
  return pick(random, [
    () => `${CSI}${1 + upTo(random, rows)};${1 + upTo(random, rows)}r`,
    () => `${CSI}r`,
    () => `${CSI}r`,
    () => `${ESC}7`,
    () => `${ESC}8${CSI}m`,
    () => `${ESC}D`,
    () => `${ESC}M`,
    () => `${ESC}E`,
    () => `${ESC}H`,
    () => `${CSI}g`,
    () => `${CSI}3g`,
    () => `${CSI}?1049h${ESC}7`,
    () => `${CSI}?1049l${CSI}m`,
    () => `${CSI}?1049l${CSI}m`,
    () => `${CSI}?47l`,
    () => `${ESC}${pick(random, ['(', ')', '*', '+'])}${pick(random, ['0', 'A', 'B', 'K'])}`,
    () => '\x0e',
    () => '\x0f',
    () => `${ESC}(B\x0f`,
    () => `${ESC}]2;title ${upTo(random, 100)}\x07`,
    () => `${ESC}]0;é ${upTo(random, 100)}${ESC}\\`,
    () => `${ESC}]8;;http://example.test/${upTo(random, 4)}${ESC}\\`,
    () => `${ESC}]8;id=a;http://example.test/${ESC}\\`,
    () => `${ESC}]8;;\x07`,
    () => `${CSI}!p`,
    () => `${CSI}c`,
    () => `${ESC}P$qm${ESC}\\`,
    () => `${ESC}#8`,
    () => `${ESC}_ignored${ESC}\\`,
    () => (random() < 0.1 ? `${ESC}c` : ''),
    () => (random() < 0.1 ? `${CSI}3J${ESC}7` : ''),
    () => '\x18',
  ])();
}

/** About `length` characters of what programs write: text of all kinds, colours, moves, edits, modes, buffers. */
export function babble(random: Random, length: number, cols: number, rows: number): string {
  let s = '';
  // Each stream leans another way, so that long runs of one kind occur as well.
  const narrow = random() < 0.3;
  const kinds: [number, () => string][] = [
    [0.2 + random() * 3, () => someText(random, cols, narrow)],
    [random() * 1.5, () => someSgr(random)],
    [random(), () => someMove(random, cols, rows)],
    [random(), () => someEdit(random)],
    [random() * 0.4, () => someMode(random, narrow)],
    [random() * 0.4, () => someOther(random, rows)],
  ];
  const total = kinds.reduce((sum, [weight]) => sum + weight, 0);
  while (s.length < length) {
    let at = random() * total;
    for (const [weight, some] of kinds) {
      at -= weight;
      if (at >= 0) continue;
      s += some();
      break;
    }
  }
  return s;
}
