// The live table: reads, paints, listens to keys, until somebody has seen enough.
import type { Context } from '../context.ts';
import { cutTo, printable } from '../output/printable.ts';
import { Keyboard, onSignals, SIGNAL_NUMBER } from '../terminal/keyboard.ts';
import type { FleetReader } from './fleet-reader.ts';
import { screen } from './watch-screen.ts';
import { keysIn, type WatchOptions, WatchState } from './watch-state.ts';

/** Looking takes at most this part of the time of one connection, however large the fleet. */
const SHARE = 1 / 10;

/** Resolves with the exit code. */
export async function watch(
  context: Context,
  reader: FleetReader,
  label: string,
  options: WatchOptions,
): Promise<number> {
  const { stdin, stdout, style } = context;
  const state = new WatchState(options);
  const keyboard = new Keyboard(stdin, (stdout as { fd?: number }).fd ?? 1, 'hermit presence');
  const over = Promise.withResolvers<number>();
  let painted: string[] = [];
  let room = 1;
  let timer: NodeJS.Timeout | undefined;
  let looking = false;
  let again = false;

  const paint = (whole = false) => {
    const size = { cols: stdout.columns || 80, rows: stdout.rows || 24 };
    const shown = screen(state, { size, style, label: printable(label), now: Date.now() });
    room = shown.room;
    const changed = shown.lines.flatMap((line, at) =>
      !whole && painted[at] === line ? [] : `\x1b[${at + 1};1H\x1b[2K${line}`,
    );
    painted = shown.lines;
    if (changed.length > 0) stdout.write(`\x1b[?2026h${changed.join('')}\x1b[?2026l`);
  };

  const look = async () => {
    again = looking;
    if (looking) return;
    looking = true;
    clearTimeout(timer);
    const since = performance.now();
    try {
      state.seen(await reader.read(state.details));
    } catch (error) {
      state.failed(cutTo(printable((error as Error).message), 200), Date.now());
    }
    looking = false;
    paint();
    const took = performance.now() - since;
    // What was asked for meanwhile may be another table.
    const wait = again ? 0 : Math.max(state.interval, took / SHARE);
    if (again || !state.paused) timer = setTimeout(() => void look(), wait);
  };

  const offSignals = onSignals((signal) => over.resolve(128 + SIGNAL_NUMBER[signal]));
  const onResize = () => paint(true);
  const onInput = (bytes: Buffer) => {
    for (const key of keysIn(bytes.toString('utf8'))) {
      const wanted = state.key(key, room);
      if (wanted === 'quit') over.resolve(0);
      else if (wanted === 'look') void look();
    }
    paint();
  };
  keyboard.take();
  stdin.on('data', onInput);
  stdin.once('end', () => over.resolve(0));
  stdout.on('resize', onResize);
  stdout.write('\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J');
  paint(true);
  void look();
  try {
    return await over.promise;
  } finally {
    clearTimeout(timer);
    offSignals();
    stdin.off('data', onInput);
    stdin.pause();
    stdout.off('resize', onResize);
    keyboard.restore();
  }
}
