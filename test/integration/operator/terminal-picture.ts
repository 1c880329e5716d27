// A picture of a terminal's screen, as SVG: what an emulator holds, cell by cell.
import headless from '@xterm/headless';

type Terminal = InstanceType<typeof headless.Terminal>;

const CELL = { width: 8.4, height: 18 };
const EDGE = 14;
const BACKGROUND = '#11151c';
const FOREGROUND = '#d5dae2';
/** The colours that programs name by number; the first eight, then the bright ones. */
const NAMED = ['#2b303b', '#ef6b73', '#8fd28a', '#e5c07b', '#61afef', '#c678dd', '#56c8d8', '#d5dae2'];
const FONT = "ui-monospace,'SF Mono',Menlo,Consolas,'DejaVu Sans Mono',monospace";

type Look = { color: string; bold: boolean; dim: boolean };
type Run = { at: number; text: string; look: Look };

export function pictureOf(terminal: Terminal, title: string): string {
  const { cols, rows } = terminal;
  const width = Math.ceil(cols * CELL.width + 2 * EDGE);
  const height = rows * CELL.height + 2 * EDGE;
  const lines = Array.from({ length: rows }, (_, row) => {
    const y = EDGE + row * CELL.height + 13;
    return runsOf(terminal, row)
      .map(({ at, text, look: { color, bold, dim } }) => {
        const x = (EDGE + at * CELL.width).toFixed(1);
        const length = (text.length * CELL.width).toFixed(1);
        const style = `${color === FOREGROUND ? '' : ` fill="${color}"`}${bold ? ' font-weight="700"' : ''}${dim ? ' opacity=".55"' : ''}`;
        return `<text x="${x}" y="${y}" textLength="${length}"${style}>${escaped(text)}</text>`;
      })
      .join('');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="100%" height="100%" rx="8" fill="${BACKGROUND}"/>`,
    `<g font-family="${FONT}" font-size="14" fill="${FOREGROUND}">`,
    ...lines.filter((line) => line !== ''),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

/** The text of the screen, a line each. */
export function textOf(terminal: Terminal): string[] {
  const buffer = terminal.buffer.active;
  return Array.from(
    { length: terminal.rows },
    (_, row) => buffer.getLine(buffer.viewportY + row)?.translateToString(true) ?? '',
  );
}

/** Pieces of a line that look alike, without blanks but single ones within. */
function runsOf(terminal: Terminal, row: number): Run[] {
  const line = terminal.buffer.active.getLine(terminal.buffer.active.viewportY + row);
  const runs: Run[] = [];
  for (let col = 0; col < terminal.cols; col++) {
    const cell = line?.getCell(col);
    const text = cell?.getChars() || ' ';
    const look = {
      color: cell?.isFgPalette() ? (NAMED[(cell.getFgColor() ?? 0) % 8] as string) : FOREGROUND,
      bold: cell?.isBold() !== 0,
      dim: cell?.isDim() !== 0,
    };
    const last = runs.at(-1);
    if (last && JSON.stringify(last.look) === JSON.stringify(look)) last.text += text;
    else runs.push({ at: col, text, look });
  }
  // Columns stand by themselves: wide gaps are not left to how blanks are drawn.
  return runs.flatMap(({ at, text, look }) =>
    [...text.matchAll(/\S+( \S+)*/g)].map((match) => ({ at: at + match.index, text: match[0], look })),
  );
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

export function newTerminal(cols: number, rows: number): Terminal {
  return new headless.Terminal({ cols, rows, allowProposedApi: true });
}
