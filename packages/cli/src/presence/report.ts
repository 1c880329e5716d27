// A fleet as plain text, once: for pipes, and for a look in passing.
import type { Look } from '../output/listing.ts';
import { remarks, summary } from './summary.ts';
import { viewLines } from './view-table.ts';
import { arranged, type Moment, VIEWS, type ViewName } from './views.ts';

const PARTS: ViewName[] = ['pods', 'machines', 'sessions', 'attachments'];

export function report(moment: Moment, filter: string, { style, width }: Look): string[] {
  const lines = [summary(moment.fleet, style), ...remarks(moment.fleet)];
  for (const name of PARTS) {
    const view = VIEWS[name];
    const all = arranged(view, moment, filter, { column: view.sort, reversed: false });
    if (all.length === 0) continue;
    const { head, body } = viewLines(view, moment, all, { style, width });
    lines.push('', head, ...body);
  }
  return lines;
}
