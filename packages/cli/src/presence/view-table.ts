// Rows of a view as lines: aligned, coloured, no wider than there is room.
import type { Style } from '../output/style.ts';
import { table } from '../output/table.ts';
import type { Moment, Order, View } from './views.ts';

/** The longest text of each column: with it the columns stay where they are while one scrolls. */
export function longestTexts<T>(view: View<T>, moment: Moment, rows: readonly T[]): string[] {
  return view.columns.map(({ text }) => {
    let longest = '';
    for (const row of rows) {
      const said = text(row, moment);
      if (said.length > longest.length) longest = said;
    }
    return longest;
  });
}

type TableOptions = { longest?: readonly string[]; order?: Order; style: Style; width: number };

export function viewLines<T>(
  view: View<T>,
  moment: Moment,
  rows: readonly T[],
  { longest = [], order, style, width }: TableOptions,
): { head: string; body: string[] } {
  const cells = rows.map((row) => view.columns.map(({ text }) => text(row, moment)));
  const columns = view.columns.map(({ title, align, shrinks, paint, falling = false }) => ({
    // The mark has its place in every title, so that choosing another column moves nothing.
    title:
      order === undefined
        ? title
        : `${title}${order.column === title ? (falling === order.reversed ? '▲' : '▼') : ' '}`,
    align,
    shrinks,
    style: (text: string, at: number) => {
      const row = rows[at];
      return (row !== undefined && paint?.(row, moment, style)?.(text)) || text;
    },
  }));
  const [head = '', ...body] = table(columns, longest.length > 0 ? [...cells, [...longest]] : cells, width);
  return { head, body: body.slice(0, rows.length) };
}
