// Lines of cells as text that paints the same cells: characters, attributes, erased cells, and which lines are wrapped.
//
// The target's lines are blank, in the default background, when painting begins. A line that continues the one above
// is made so by letting the terminal wrap; where the text alone would not, two blanks are printed over the edge first
// and painted over afterwards.
import { CODE_POINT, COLOUR, COMBINED, type Core, HAS_CONTENT, type Line, WIDTH_SHIFT } from './internals.ts';
import type { Pen } from './pen.ts';

/** A wide blank: printed, and then overwritten by half, it leaves a cell that is empty and yet has attributes. */
const WIDE_BLANK = '\u3000';

export class LinePainter {
  text = '';
  private readonly pen: Pen;
  private readonly core: Core;
  /** What the target's parser knows of the characters before: whether the next one joins them. */
  private joins = 0;

  constructor(core: Core, pen: Pen) {
    this.core = core;
    this.pen = pen;
  }

  /** Anything that is no printed character. */
  control(sequence: string): void {
    if (sequence === '') return;
    this.text += sequence;
    this.joins = 0;
  }

  /** What is printed next joins nothing. */
  apart(): void {
    if (this.joins !== 0) this.control('\0');
  }

  /** The visible screen: rows are blank, the cursor is anywhere. */
  screen(lines: readonly Line[]): void {
    let flowing = false;
    let dirty = 0;
    for (let row = 0; row < lines.length; row++) {
      const line = lines[row] as Line;
      const next = lines[row + 1];
      const flows = next?.isWrapped === true && flowsInto(line, next);
      if (next?.isWrapped && !flows) {
        if (flowing) this.start(line);
        this.control(this.pen.reset());
        this.control(`\x1b[${row + 1};${line.length}H`);
        this.blank(2);
        this.control(`\x1b[${row + 1}H`);
        this.paint(line, line.length);
        dirty = 1;
      } else {
        if (!flowing && (dirty > 0 || !isBlank(line))) this.control(`\x1b[${row + 1}H`);
        this.paint(line, dirty);
        dirty = 0;
      }
      flowing = flows;
    }
  }

  /** Lines that scroll up one after the other, the cursor at the start of an empty line before and after. */
  scroll(lines: readonly Line[], next: Line | undefined, rows: number): void {
    let flowing = false;
    let dirty = 0;
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i] as Line;
      const after = lines[i + 1];
      const flows = after?.isWrapped === true && flowsInto(line, after);
      // On a screen of one row nothing can be painted over afterwards.
      if ((after ?? next)?.isWrapped && !flows && rows > 1) {
        if (flowing) this.start(line);
        this.control(this.pen.reset());
        this.control(`\x1b[${line.length}G`);
        this.blank(2);
        this.control('\x1b[A\r');
        this.paint(line, line.length);
        this.control('\x1b[B\r');
        dirty = 1;
      } else {
        this.paint(line, dirty);
        dirty = 0;
        if (!flows) {
          // A line that scrolls in has the background that is set.
          if (!this.pen.erasesToDefault) this.control(this.pen.reset());
          this.control('\r\n');
        }
      }
      flowing = flows;
    }
    if (dirty > 0) {
      this.control(this.pen.reset());
      this.control('\x1b[X');
    }
  }

  /** By how many columns printing this cell in insert mode moves the rest: a sign that widens it later does not. */
  insertedWidth(line: Line, column: number): number {
    const first = textOf(line, column).codePointAt(0) as number;
    return (this.core.unicodeService.charProperties(first, 0) >> 1) & 3;
  }

  /** One cell's text, where the cursor is, under the attributes that are set. */
  cell(line: Line, column: number): void {
    this.print(line, column);
  }

  blank(count: number): void {
    this.text += ' '.repeat(count);
    this.joins = 2;
  }

  /** Wraps into this line by printing its first character. */
  private start(line: Line): void {
    this.control(this.cellPen(line, 0));
    this.print(line, 0);
  }

  /**
   * The whole line; the cursor is at its start, or about to wrap to it. Cells before column `dirty` have been printed
   * over, the others are blank. Leaves the cursor after the last cell that was printed.
   */
  private paint(line: Line, dirty: number): void {
    const d = line._data;
    const stains = stainsOf(line);
    if (stains.length > 0) {
      this.stain(line, stains);
      dirty = line.length;
    }
    /** Where the cursor is. */
    let at = 0;
    let column = 0;
    while (column < line.length) {
      const content = d[column * 3] as number;
      if (content & HAS_CONTENT) {
        at = this.move(at, column);
        this.control(this.cellPen(line, column));
        this.print(line, column);
        column += content >> WIDTH_SHIFT || 1;
        at = column;
      } else if (isStained(line, column)) {
        column++;
      } else {
        const bg = d[column * 3 + 2] as number;
        let run = column + 1;
        while (run < line.length && isErased(line, run) && d[run * 3 + 2] === bg) run++;
        const erase = (bg & COLOUR) !== 0 ? run : Math.min(run, dirty);
        if (erase > column) {
          at = this.move(at, column);
          this.control(this.pen.toBackground(bg));
          // Erasing to the end of the line from its start would also make it a line of its own.
          this.control(erase === line.length && column > 0 ? '\x1b[K' : `\x1b[${erase - column}X`);
        }
        column = run;
      }
    }
  }

  /**
   * Makes cells that are empty and yet have attributes: the second half of a wide blank, once its first half is
   * overwritten. From right to left, because the cell before each is printed over. A run that begins at the left edge
   * is made one column further and moved. Leaves the cursor at the start of the line.
   */
  private stain(line: Line, stains: readonly number[]): void {
    let atEdge = 0;
    while (stains[atEdge] === atEdge) atEdge++;
    if (atEdge === line.length) atEdge--;
    const make = (column: number, like: number) => {
      this.control(this.cellPen(line, like));
      this.control(`\x1b[${column}G`);
      this.text += WIDE_BLANK;
      this.control(`\x1b[${column}G`);
      this.blank(1);
    };
    for (let column = atEdge; column > 0; column--) make(column, column - 1);
    if (atEdge > 0) {
      this.control(this.pen.reset());
      this.control('\r\x1b[P');
    }
    for (const column of stains.slice(atEdge).reverse()) make(column, column);
    this.control('\r');
  }

  private move(at: number, column: number): number {
    if (column > at) this.control(column - at === 1 ? '\x1b[C' : `\x1b[${column - at}C`);
    return column;
  }

  private cellPen(line: Line, column: number): string {
    const d = line._data;
    return this.pen.toCell(d[column * 3 + 1] as number, d[column * 3 + 2] as number, line._extendedAttrs[column]);
  }

  private print(line: Line, column: number): void {
    const { unicodeService } = this.core;
    const text = textOf(line, column);
    let first = true;
    for (const character of text) {
      const code = character.codePointAt(0) as number;
      let next = unicodeService.charProperties(code, this.joins);
      if (first && next & 1) {
        // It stood apart from what is before it: a NUL, which terminals ignore, keeps them apart.
        this.control('\0');
        next = unicodeService.charProperties(code, 0);
      }
      this.joins = next;
      first = false;
    }
    this.text += text;
  }
}

/** Text alone makes `next` the continuation of `line`: both sides of the edge are printed. */
function flowsInto(line: Line, next: Line): boolean {
  const d = line._data;
  const last = line.length - 1;
  const edge = d[last * 3] as number;
  const printed =
    edge & HAS_CONTENT
      ? edge >> WIDTH_SHIFT === 1
      : edge >> WIDTH_SHIFT === 0 && last > 0 && (d[(last - 1) * 3] as number) >> WIDTH_SHIFT === 2;
  // A line that scrolls in by wrapping has the background that is set at that moment.
  const plain = ((next._data[2] as number) & COLOUR) === 0;
  return printed && plain && ((next._data[0] as number) & HAS_CONTENT) !== 0 && stainsOf(next).length === 0;
}

const NONE: readonly number[] = [];

/** Columns of cells that are empty and yet have attributes that no erasing leaves. */
function stainsOf(line: Line): readonly number[] {
  let stains: number[] | null = null;
  for (let column = 0; column < line.length; column++) {
    if (!isStained(line, column)) continue;
    stains ??= [];
    stains.push(column);
  }
  return stains ?? NONE;
}

function textOf(line: Line, column: number): string {
  const content = line._data[column * 3] as number;
  return content & COMBINED ? (line._combined[column] ?? ' ') : String.fromCodePoint(content & CODE_POINT);
}

function isStained(line: Line, column: number): boolean {
  const d = line._data;
  const content = d[column * 3] as number;
  // Width 0: the second half of a wide character, which has that one's attributes.
  if (content & HAS_CONTENT || content >> WIDTH_SHIFT === 0) return false;
  return d[column * 3 + 1] !== 0 || ((d[column * 3 + 2] as number) & ~COLOUR) !== 0;
}

function isErased(line: Line, column: number): boolean {
  return ((line._data[column * 3] as number) & HAS_CONTENT) === 0 && !isStained(line, column);
}

function isBlank(line: Line): boolean {
  const d = line._data;
  for (let i = 0; i < line.length; i++) {
    if ((d[i * 3] as number) & HAS_CONTENT || d[i * 3 + 1] !== 0 || d[i * 3 + 2] !== 0) return false;
  }
  return true;
}
