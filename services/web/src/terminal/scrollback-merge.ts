// A repaint after a gap: which lines above the screen are new to this terminal, so that it keeps its own scrollback,
// misses none of what the snapshot has, and shows nothing twice.
// biome-ignore-all lint/suspicious/noControlCharactersInRegex: terminals speak in them.
import type { Terminal } from '@xterm/xterm';

/** Lines that are compared to find where the terminal's own end stands in the snapshot's scrollback. */
const COMPARED = 24;
/** So many lines one after the other are no accident. */
const ANCHOR = 3;
/** Out of the alternate screen, margins and colours. */
const NORMAL = '\x1b[?1049l\x1b[!p\x1b[r\x1b[m';
const GAP = '\x1b[m\x1b[2m⋯ output was skipped here ⋯\x1b[m';

/**
 * Text that brings the terminal's lines up to those above the snapshot's screen; the screen is painted right after.
 * What is visible moves into the scrollback only when it is above the snapshot's screen now.
 */
export function scrollbackToAdd(term: Pick<Terminal, 'buffer' | 'cols' | 'rows'>, scrollback: string): string {
  const lines = painted(scrollback);
  if (lines.length === 0) return '';
  const { lines: own, above } = ownLines(term);
  const known = knownOf(lines.map(plain), own);
  if (known === null) {
    // Nothing here is known to the snapshot: all that is here stays, and a line says what is missing.
    const push = own.length > 0 ? `\x1b[${term.rows}H${'\n'.repeat(term.rows)}\x1b[H${GAP}\r\n` : '\x1b[H\x1b[J';
    return `${NORMAL}${push}${lines.join('\r\n')}${pushOut(term, own.length > 0 ? [GAP, ...lines] : lines)}`;
  }
  // Of the lines up to `known.end` all are here; those of them that are visible are about to be painted over.
  const visible = own.slice(0, known.own).filter(({ row }) => row >= above).length;
  const fresh = lines.slice(Math.max(0, known.end - visible));
  return fresh.length === 0 ? '' : `${NORMAL}\x1b[H\x1b[J${fresh.join('\r\n')}${pushOut(term, fresh)}`;
}

/** Moves the lines just written out of sight, so that the screen is blank below them. */
function pushOut({ cols, rows }: Pick<Terminal, 'cols' | 'rows'>, written: readonly string[]): string {
  const taken = written.reduce((sum, line) => sum + Math.max(1, Math.ceil(plain(line).length / cols)), 0);
  return `\x1b[m\x1b[${rows}H${'\n'.repeat(Math.min(taken, rows))}`;
}

/** The lines a snapshot's scrollback paints; what follows them moves the cursor and is left out. */
function painted(scrollback: string): string[] {
  if (scrollback === '') return [];
  const end = scrollback.search(/\x1b\[m\x1b\]8;;\x1b\\\x1b\[\d+H\n*$/);
  return scrollback.slice(0, end < 0 ? undefined : end).split('\r\n');
}

/** Without what colours it. */
function plain(line: string): string {
  return line
    .replace(/\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)/g, '')
    .replace(/\x1b\[(\d*)C/g, (_, n: string) => ' '.repeat(Number(n || 1)))
    .replace(/\x1b\[[0-9;:?!"$ ]*[@-~]/g, '')
    .trimEnd();
}

type OwnLine = { text: string; row: number };

/** The last lines of the normal buffer that hold anything, wrapped ones as one; `above`: where its screen begins. */
function ownLines(term: Pick<Terminal, 'buffer' | 'rows'>): { lines: OwnLine[]; above: number } {
  const { normal } = term.buffer;
  let last = normal.length - 1;
  while (last >= 0 && normal.getLine(last)?.translateToString(true) === '') last--;
  const lines: OwnLine[] = [];
  for (let row = last; row >= 0 && lines.length < COMPARED + term.rows; row--) {
    let text = normal.getLine(row)?.translateToString(true) ?? '';
    while (row > 0 && normal.getLine(row)?.isWrapped)
      text = (normal.getLine(--row)?.translateToString(false) ?? '') + text;
    lines.unshift({ text: text.trimEnd(), row });
  }
  return { lines, above: normal.baseY };
}

/**
 * Where the last lines of `own` stand among `lines`: `end` of `lines` and `own` of ours are the same up to there. The
 * very last of ours may be half written, or be on the snapshot's screen: earlier ones decide then.
 */
function knownOf(lines: readonly string[], own: readonly OwnLine[]): { end: number; own: number } | null {
  for (let count = own.length; count > 0; count--) {
    const anchor = own.slice(Math.max(0, count - ANCHOR), count);
    if (anchor.every(({ text }) => text === '')) continue;
    for (let end = lines.length; end >= anchor.length; end--) {
      if (anchor.every(({ text }, i) => lines[end - anchor.length + i] === text)) return { end, own: count };
    }
  }
  return null;
}
