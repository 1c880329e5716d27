// Tables whose columns are aligned, and which fit the width there is.
import { cutTo, printable, widthOf } from './printable.ts';

type Column = {
  title: string;
  align?: 'left' | 'right';
  /** Columns of this kind are shortened when the table is too wide, the widest first. */
  shrinks?: boolean;
  style?: (text: string, row: number) => string;
};

const GAP = '  ';
const NARROWEST = 6;

/** Rows of text as lines. `width`: of the terminal; no bound when it is not one. */
export function table(
  columns: readonly Column[],
  rows: readonly string[][],
  width = Number.POSITIVE_INFINITY,
): string[] {
  const cells = rows.map((row) => row.map(printable));
  const widths = columns.map((column, i) =>
    Math.max(widthOf(column.title), ...cells.map((row) => widthOf(row[i] as string))),
  );
  shrink(columns, widths, width);
  const line = (row: readonly string[], style: (column: Column, text: string) => string) =>
    columns
      .map((column, i) => {
        const text = cutTo(row[i] as string, widths[i] as number);
        const space = ' '.repeat((widths[i] as number) - widthOf(text));
        const last = i === columns.length - 1;
        return column.align === 'right' ? space + style(column, text) : style(column, text) + (last ? '' : space);
      })
      .join(GAP);
  const titles = columns.map((column) => column.title);
  return [
    line(titles, (_, text) => text),
    ...cells.map((row, at) => line(row, (column, text) => column.style?.(text, at) ?? text)),
  ];
}

function shrink(columns: readonly Column[], widths: number[], width: number): void {
  let excess = widths.reduce((a, b) => a + b, 0) + GAP.length * (columns.length - 1) - width;
  while (excess > 0) {
    let widest = -1;
    for (const [i, column] of columns.entries())
      if (column.shrinks && (widest < 0 || (widths[i] as number) > (widths[widest] as number))) widest = i;
    if (widest < 0 || (widths[widest] as number) <= NARROWEST) return;
    widths[widest] = (widths[widest] as number) - 1;
    excess--;
  }
}
