// The watcher's screen as lines: pure, from its state and the size of the terminal.
import { cutTo } from '../output/printable.ts';
import type { Style } from '../output/style.ts';
import { count, duration } from './quantities.ts';
import { remarks, summary } from './summary.ts';
import { longestTexts, viewLines } from './view-table.ts';
import { arranged, VIEW_NAMES, VIEWS } from './views.ts';
import { HELP, type WatchState } from './watch-state.ts';

type Size = { cols: number; rows: number };
type ScreenOptions = { size: Size; style: Style; label: string; now: number };

/** Pods that stand above the other tables. */
const PODS = 6;

/** Exactly `size.rows` lines; `room`: how many rows of the table there are among them. */
export function screen(state: WatchState, options: ScreenOptions): { lines: string[]; room: number } {
  const { size, style } = options;
  const lines = [title(state, options)];
  const { moment } = state;
  if (moment === null) lines.push(state.trouble ? '' : style.dim('Reading …'));
  else {
    lines.push(summary(moment.fleet, style));
    for (const remark of remarks(moment.fleet)) lines.push(style.yellow(cutTo(remark, size.cols)));
    if (state.name !== 'pods' && size.rows >= 16) lines.push('', ...podLines(state, options));
  }
  lines.push('', tabs(state, options));
  const foot = footer(state, options);
  const room = Math.max(0, size.rows - lines.length - 1 - 1);
  if (state.help) lines.push('', ...HELP.map(([keys, what]) => `  ${style.bold(keys.padEnd(14))} ${what}`));
  else lines.push(...tableLines(state, options, room));
  while (lines.length < size.rows - 1) lines.push('');
  return { lines: [...lines.slice(0, size.rows - 1), foot], room };
}

function title({ interval, paused, moment }: WatchState, { size, style, label }: ScreenOptions): string {
  const left = `hermit presence  ${label}`;
  const clock = moment ? new Date(moment.fleet.at).toISOString().slice(11, 19) : '--:--:--';
  const right = paused ? `stopped at ${clock} UTC` : `${clock} UTC, every ${interval / 1000} s`;
  const space = size.cols - left.length - right.length;
  if (space < 2) return style.bold(cutTo(left, size.cols));
  return (
    style.bold('hermit presence') +
    style.dim(`  ${label}${' '.repeat(space)}`) +
    (paused ? style.yellow(right) : style.dim(right))
  );
}

function podLines({ moment }: WatchState, { size, style }: ScreenOptions): string[] {
  if (moment === null || moment.fleet.pods.length === 0) return [];
  const all = arranged(VIEWS.pods, moment, '', { column: 'POD', reversed: false });
  const shown = all.length > PODS ? all.slice(0, PODS - 1) : all;
  const longest = longestTexts(VIEWS.pods, moment, all);
  const { head, body } = viewLines(VIEWS.pods, moment, shown, { longest, style, width: size.cols });
  const more = all.length - shown.length;
  return [style.dim(head), ...body, ...(more > 0 ? [style.dim(`${more} more: 4 shows all`)] : [])];
}

function tabs({ name, filter, typing, arranged: table }: WatchState, { style }: ScreenOptions): string {
  const names = VIEW_NAMES.map((each, at) => {
    const word = `${at + 1} ${each[0]?.toUpperCase()}${each.slice(1)}`;
    return each === name ? style.bold(`[${word}]`) : style.dim(` ${word} `);
  });
  const rows = table ? style.dim(`${count(table.rows.length)} rows`) : '';
  const filtered = typing ? `  filter: ${filter}▏` : filter ? `  filter: ${style.cyan(filter)} (Esc ends it)` : '';
  return `${names.join(' ')}  ${rows}${filtered}`;
}

function tableLines(state: WatchState, { size, style }: ScreenOptions, room: number): string[] {
  const { arranged: table, moment, order } = state;
  if (table === null || moment === null) return [];
  state.scrollTo(state.top, room);
  const shown = table.rows.slice(state.top, state.top + room);
  const { head, body } = viewLines(table.view, moment, shown, {
    longest: table.longest,
    order,
    style,
    width: size.cols,
  });
  return [style.cyan(head), ...body];
}

function footer({ trouble, typing }: WatchState, { size, style, now }: ScreenOptions): string {
  if (trouble) {
    const words = `Redis does not answer for ${duration(now - trouble.since)}: ${trouble.reason}; trying again.`;
    return style.red(cutTo(words, size.cols));
  }
  return style.dim(
    cutTo(
      typing ? 'Enter keeps the filter, Esc drops it' : 'q quit   ? help   / filter   ← → sort   Tab next table',
      size.cols,
    ),
  );
}
