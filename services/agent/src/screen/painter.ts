// A snapshot of the emulator: text that paints its screen, modes and cursor onto any terminal, and the lines above.
//
// The screen's text begins by putting every mode back, so that it also repaints a terminal in use, and moves no line:
// the viewer's own scrollback stays. After the scrollback's text on a fresh terminal, both buffers are the emulator's.
import { LIMITS, type Snapshot } from '@hermit/protocol';
import { type Buffer, type Core, charsetLetter, HAS_CONTENT, type Line, WIDTH_SHIFT } from './internals.ts';
import { LinePainter } from './lines.ts';
import { Pen } from './pen.ts';

/** Text of the scrollback at most, in characters; the oldest lines are left out. */
const SCROLLBACK_TEXT = 1024 * 1024;

/** Every mode back to its default, the normal buffer active; parsers in the middle of a sequence give it up. */
const RESET = [
  '\x18',
  '\x1b[?1049l',
  '\x1b[!p',
  '\x1b[?1;9;45;66;1000;1002;1003;1004;1005;1006;1015;1016;2004;2026l',
  '\x1b[4;20l\x1b[?7;25h\x1b>\x1b[0 q',
  '\x1b(B\x1b)B\x1b*B\x1b+B\x0f',
  '\x1b[0"q\x1b]8;;\x1b\\\x1b[m\x1b[r',
].join('');

const MOUSE: Record<string, string> = { X10: '9', VT200: '1000', DRAG: '1002', ANY: '1003' };
const MOUSE_ENCODING: Record<string, string> = { SGR: '1006', SGR_PIXELS: '1016' };
const CURSOR = { block: 2, underline: 4, bar: 6 };

/** `unfinished`: what the emulator has parsed of a sequence that has not ended. */
export function paint(core: Core, unfinished: string, scrollbackLines: number = LIMITS.snapshotScrollback): Snapshot {
  return {
    scrollback: paintScrollback(core, scrollbackLines),
    screen: paintScreen(core) + unfinished,
  };
}

function paintScrollback(core: Core, limit: number): string {
  const { lines, ybase } = core.buffers.normal;
  const above: Line[] = [];
  let size = 0;
  for (let i = ybase - 1; i >= 0 && above.length < limit && size < SCROLLBACK_TEXT; i--) {
    const line = lines.get(i);
    if (!line) break;
    above.push(line);
    size += estimate(line);
  }
  if (above.length === 0) return '';
  const painter = new LinePainter(core, new Pen(core._oscLinkService));
  painter.scroll(above.reverse(), lines.get(ybase), core.rows);
  // Push the lines out of sight, so that the screen is blank below them.
  return `${painter.text}\x1b[m\x1b]8;;\x1b\\\x1b[${core.rows}H${'\n'.repeat(Math.min(above.length, core.rows - 1))}`;
}

/** About how many characters paint a line. */
function estimate(line: Line): number {
  const d = line._data;
  let size = 2;
  for (let i = 0; i < line.length; i++) {
    if ((d[i * 3] as number) & HAS_CONTENT) size++;
    if (i > 0 && (d[i * 3 + 1] !== d[i * 3 - 2] || d[i * 3 + 2] !== d[i * 3 - 1])) size += 12;
  }
  return size;
}

function paintScreen(core: Core): string {
  const { normal, alt, active } = core.buffers;
  const pen = new Pen(core._oscLinkService);
  const painter = new LinePainter(core, pen);
  painter.control(RESET);
  const title = core._inputHandler._windowTitle;
  if (title !== '') painter.control(`\x1b]2;${title}\x1b\\`);

  saveCursor(painter, pen, normal);
  erase(painter, normal);
  painter.screen(visible(core, normal));
  tabs(painter, core, normal);
  if (active === alt) {
    margins(painter, core, normal);
    enterAlternate(painter, pen, normal);
    saveCursor(painter, pen, alt);
    erase(painter, alt);
    painter.screen(visible(core, alt));
    tabs(painter, core, alt);
    if (!hasMargins(core, alt) && hasMargins(core, normal)) painter.control('\x1b[r');
  }
  margins(painter, core, active);
  modes(painter, core);
  cursor(painter, pen, core);
  return painter.text;
}

function visible(core: Core, buffer: Buffer): Line[] {
  const lines: Line[] = [];
  for (let row = 0; row < core.rows; row++) {
    const line = buffer.lines.get(buffer.ybase + row);
    if (line) lines.push(line);
  }
  return lines;
}

/**
 * Blanks the screen in the default background. A first line that continues one above stays so if that is in the
 * scrollback; else it is made so, below a line that is then deleted.
 */
function erase(painter: LinePainter, buffer: Buffer): void {
  const first = buffer.lines.get(buffer.ybase);
  if (!first?.isWrapped) {
    painter.control('\x1b[H\x1b[J');
  } else if (buffer.ybase > 0) {
    painter.control(`\x1b[H\x1b[${first.length}X\x1b[2H\x1b[J`);
  } else {
    painter.control(`\x1b[H\x1b[J\x1b[1;${first.length}H`);
    painter.blank(2);
    painter.control('\x1b[H\x1b[M\x1b[X');
  }
}

/** What restoring the cursor would restore. */
function saveCursor(painter: LinePainter, pen: Pen, buffer: Buffer): void {
  const row = Math.max(buffer.savedY - buffer.ybase, 0);
  const { fg, bg } = buffer.savedCurAttrData;
  const charset = charsetLetter(buffer.savedCharset);
  painter.control(pen.toCell(fg, bg, buffer.savedCurAttrData.extended));
  if (charset !== 'B') painter.control(`\x1b(${charset}`);
  painter.control(`\x1b[${row + 1};${buffer.savedX + 1}H\x1b7`);
  if (charset !== 'B') painter.control('\x1b(B');
  painter.control(pen.reset());
}

/** Enters the alternate buffer in the way that every terminal knows, which saves the cursor: to what is saved. */
function enterAlternate(painter: LinePainter, pen: Pen, normal: Buffer): void {
  const { fg, bg, extended } = normal.savedCurAttrData;
  const charset = charsetLetter(normal.savedCharset);
  const row = Math.max(normal.savedY - normal.ybase, 0);
  painter.control(pen.toCell(fg, bg, extended));
  if (charset !== 'B') painter.control(`\x1b(${charset}`);
  painter.control(`\x1b[${row + 1};${normal.savedX + 1}H\x1b[?1049h`);
  if (charset !== 'B') painter.control('\x1b(B');
  painter.control(pen.reset());
}

function tabs(painter: LinePainter, core: Core, buffer: Buffer): void {
  const stops: number[] = [];
  let usual = true;
  for (let column = 0; column < core.cols; column++) {
    const stop = buffer.tabs[column] === true;
    if (stop) stops.push(column);
    if (stop !== (column % 8 === 0)) usual = false;
  }
  if (usual) return;
  painter.control('\x1b[3g');
  for (const column of stops) painter.control(`\x1b[${column + 1}G\x1bH`);
}

function hasMargins(core: Core, buffer: Buffer): boolean {
  return buffer.scrollTop !== 0 || buffer.scrollBottom !== core.rows - 1;
}

function margins(painter: LinePainter, core: Core, buffer: Buffer): void {
  if (hasMargins(core, buffer)) painter.control(`\x1b[${buffer.scrollTop + 1};${buffer.scrollBottom + 1}r`);
}

function modes(painter: LinePainter, core: Core): void {
  const { decPrivateModes: m, isCursorHidden } = core.coreService;
  const { activeProtocol, activeEncoding } = core.coreMouseService;
  const { convertEol, cursorBlink } = core.optionsService.rawOptions;
  const set: string[] = [];
  if (m.applicationCursorKeys) set.push('1');
  if (m.bracketedPasteMode) set.push('2004');
  if (m.reverseWraparound) set.push('45');
  if (m.sendFocus) set.push('1004');
  if (cursorBlink) set.push('12');
  if (MOUSE[activeProtocol]) set.push(MOUSE[activeProtocol]);
  if (MOUSE_ENCODING[activeEncoding]) set.push(MOUSE_ENCODING[activeEncoding]);
  for (const mode of set) painter.control(`\x1b[?${mode}h`);
  if (m.applicationKeypad) painter.control('\x1b=');
  if (isCursorHidden) painter.control('\x1b[?25l');
  if (!m.wraparound) painter.control('\x1b[?7l');
  if (m.cursorStyle) painter.control(`\x1b[${CURSOR[m.cursorStyle] - (m.cursorBlink ? 1 : 0)} q`);
  if (convertEol) painter.control('\x1b[20h');
  // Moves the cursor, which is placed afterwards.
  if (m.origin) painter.control('\x1b[?6h');
}

/**
 * Where the cursor stands, and with what it writes. Past the last column it waits for the next character to wrap:
 * only printing the last cell again takes it there. After a printed character the next one may join it: that is
 * printed again as well, so that it does.
 */
function cursor(painter: LinePainter, pen: Pen, core: Core): void {
  const { active } = core.buffers;
  const { x, y } = active;
  const stray = strayCharset(painter, pen, core);
  const line = active.lines.get(active.ybase + y) as Line;
  const top = core.coreService.decPrivateModes.origin ? active.scrollTop : 0;
  const place = (column: number) => painter.control(`\x1b[${y - top + 1};${column + 1}H`);
  const attributes = core._inputHandler._curAttrData;
  const last = cellBefore(line, x);
  const joinable = core._inputHandler._parser.precedingJoinState !== 0 && last !== null;
  if (joinable) {
    if (!stray) charsets(painter, core);
    // In insert mode printing moves the rest of the line: take the cell out first.
    const insert = core.coreService.modes.insertMode;
    if (insert) painter.control('\x1b[4h');
    place(last);
    if (insert) painter.control(`\x1b[${painter.insertedWidth(line, last)}P`);
    painter.control(pen.toPen(attributes));
    painter.cell(line, last);
    return;
  }
  if (x >= core.cols) {
    if (last !== null) {
      place(last);
      const d = line._data;
      painter.control(pen.toCell(d[last * 3 + 1] as number, d[last * 3 + 2] as number, line._extendedAttrs[last]));
      painter.cell(line, last);
    } else {
      place(core.cols - 1);
      painter.control(pen.toBackground(line._data[core.cols * 3 - 1] as number));
      painter.blank(1);
      // The whole line was erased while the cursor waited there: so does this, without moving it.
      if (isErasedWith(line)) painter.control('\x1b[1K');
    }
  } else {
    place(x);
  }
  if (!stray) charsets(painter, core);
  if (core.coreService.modes.insertMode) painter.control('\x1b[4h');
  painter.control(pen.toPen(attributes));
  painter.apart();
}

/** The first column of the printed cell that ends before column `x`. */
function cellBefore(line: Line, x: number): number | null {
  for (let column = Math.min(x, line.length) - 1; column >= 0; column--) {
    const content = line._data[column * 3] as number;
    if (content & HAS_CONTENT) return column + (content >> WIDTH_SHIFT) === x ? column : null;
    if (content >> WIDTH_SHIFT !== 0) return null;
  }
  return null;
}

function isErasedWith(line: Line): boolean {
  const d = line._data;
  for (let i = 0; i < line.length; i++) {
    if ((d[i * 3] as number) & HAS_CONTENT || d[i * 3 + 2] !== d[2]) return false;
  }
  return true;
}

/** Restoring the cursor brings its character set back and designates nothing: only restoring again has that effect. */
function strayCharset(painter: LinePainter, pen: Pen, core: Core): boolean {
  const { _charsets, glevel, charset } = core._charsetService;
  if (charset === _charsets[glevel] || charset !== core.buffers.active.savedCharset) return false;
  charsets(painter, core);
  painter.control(pen.reset());
  painter.control('\x1b8\x1b[m');
  return true;
}

function charsets(painter: LinePainter, core: Core): void {
  const { _charsets, glevel } = core._charsetService;
  for (const [level, intermediate] of ['(', ')', '*', '+'].entries()) {
    const letter = charsetLetter(_charsets[level]);
    if (letter !== 'B') painter.control(`\x1b${intermediate}${letter}`);
  }
  if (glevel > 0) painter.control(['', '\x0e', '\x1bn', '\x1bo'][glevel] ?? '');
}
