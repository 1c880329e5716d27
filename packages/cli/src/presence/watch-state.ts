// What the watcher shows and how keys change it: pure, so that it can be tried without a terminal.
import type { Fleet } from './fleet.ts';
import type { Details } from './fleet-reader.ts';
import { longestTexts } from './view-table.ts';
import { arranged, type Moment, momentOf, type Order, VIEW_NAMES, VIEWS, type View, type ViewName } from './views.ts';

export type WatchOptions = { view: ViewName; filter: string; sort: string | undefined; interval: number };

/** Milliseconds between two looks, as keys change it. */
const FASTEST = 500;
const SLOWEST = 60_000;
const FILTER_LONGEST = 100;

type Arranged = { view: View<unknown>; rows: unknown[]; longest: string[] };

export class WatchState {
  moment: Moment | null = null;
  name: ViewName;
  filter: string;
  /** The filter is being typed. */
  typing = false;
  paused = false;
  help = false;
  interval: number;
  /** Why the latest look failed, and since when looks fail (by our clock). */
  trouble: { reason: string; since: number } | null = null;
  /** First row that is shown. */
  top = 0;
  private readonly orders: Record<ViewName, Order>;
  private cached: (Arranged & { of: unknown[] }) | null = null;

  constructor({ view, filter, sort, interval }: WatchOptions) {
    this.name = view;
    this.filter = filter;
    this.interval = interval;
    const order = (name: ViewName): Order => ({ column: VIEWS[name].sort, reversed: false });
    this.orders = {
      machines: order('machines'),
      sessions: order('sessions'),
      attachments: order('attachments'),
      pods: order('pods'),
    };
    if (sort !== undefined) this.orders[view].column = sort;
  }

  /** What the next look has to bring. */
  get details(): Details {
    return { sessions: this.name === 'sessions', attachments: this.name === 'attachments' };
  }

  get order(): Order {
    return this.orders[this.name];
  }

  seen(fleet: Fleet): void {
    this.moment = momentOf(fleet, this.moment?.fleet);
    this.trouble = null;
  }

  failed(reason: string, now: number): void {
    this.trouble = { reason, since: this.trouble?.since ?? now };
  }

  /** The rows of the view, filtered and in order; made once for each change. */
  get arranged(): Arranged | null {
    const { moment, name, filter, order } = this;
    if (moment === null) return null;
    const of = [moment, name, filter, order.column, order.reversed];
    if (this.cached === null || this.cached.of.some((part, at) => part !== of[at])) {
      const view = VIEWS[name] as View<unknown>;
      const rows = arranged(view, moment, filter, order);
      this.cached = { of, view, rows, longest: longestTexts(view, moment, rows) };
    }
    return this.cached;
  }

  /** Keeps `top` where something is to be seen. `room`: rows that fit. */
  scrollTo(top: number, room: number): void {
    const last = (this.arranged?.rows.length ?? 0) - room;
    this.top = Math.max(0, Math.min(top, last));
  }

  /** `quit`: enough; `look`: read at once; `paint`: show what changed. `room`: rows that fit. */
  key(key: string, room: number): 'quit' | 'look' | 'paint' {
    if (key === '\x03') return 'quit';
    if (this.typing) return this.type(key);
    if (this.help) {
      this.help = false;
      return key === 'q' ? 'quit' : 'paint';
    }
    const page = Math.max(1, room - 1);
    const scroll: Record<string, number> = {
      [KEYS.up]: this.top - 1,
      k: this.top - 1,
      [KEYS.down]: this.top + 1,
      j: this.top + 1,
      [KEYS.pageUp]: this.top - page,
      [KEYS.pageDown]: this.top + page,
      ' ': this.top + page,
      [KEYS.home]: 0,
      g: 0,
      [KEYS.end]: Number.MAX_SAFE_INTEGER,
      G: Number.MAX_SAFE_INTEGER,
    };
    const to = scroll[key];
    if (to !== undefined) {
      this.scrollTo(to, room);
      return 'paint';
    }
    return this.command(key);
  }

  private command(key: string): 'quit' | 'look' | 'paint' {
    const { order } = this;
    switch (key) {
      case 'q':
        return 'quit';
      case '1':
      case '2':
      case '3':
      case '4':
        return this.turnTo(Number(key) - 1);
      case '\t':
        return this.turnTo(VIEW_NAMES.indexOf(this.name) + 1);
      case KEYS.shiftTab:
        return this.turnTo(VIEW_NAMES.indexOf(this.name) - 1);
      case '<':
      case KEYS.left:
        return this.sortBy(-1);
      case '>':
      case KEYS.right:
        return this.sortBy(1);
      case 'r':
        order.reversed = !order.reversed;
        return 'paint';
      case '/':
        this.typing = true;
        return 'paint';
      case '\x1b':
        this.filter = '';
        return 'paint';
      case 'p':
        this.paused = !this.paused;
        return this.paused ? 'paint' : 'look';
      case '+':
        this.interval = Math.max(FASTEST, this.interval / 2);
        return 'look';
      case '-':
        this.interval = Math.min(SLOWEST, this.interval * 2);
        return 'paint';
      case '?':
      case 'h':
        this.help = true;
        return 'paint';
      case '\r':
        return 'look';
    }
    return 'paint';
  }

  private turnTo(at: number): 'look' {
    this.name = VIEW_NAMES.at(at % VIEW_NAMES.length) as ViewName;
    this.top = 0;
    return 'look';
  }

  private sortBy(step: number): 'paint' {
    const titles = VIEWS[this.name].columns.map(({ title }) => title);
    const at = (titles.indexOf(this.order.column) + step + titles.length) % titles.length;
    this.order.column = titles[at] as string;
    this.order.reversed = false;
    return 'paint';
  }

  private type(key: string): 'paint' {
    if (key === '\r') this.typing = false;
    else if (key === '\x1b') {
      this.typing = false;
      this.filter = '';
    } else if (key === '\x7f' || key === '\b') this.filter = [...this.filter].slice(0, -1).join('');
    else if (key === '\x15') this.filter = '';
    else if (!/\p{Cc}/u.test(key)) this.filter = (this.filter + key).slice(0, FILTER_LONGEST);
    this.top = 0;
    return 'paint';
  }
}

const KEYS = {
  up: '\x1b[A',
  down: '\x1b[B',
  right: '\x1b[C',
  left: '\x1b[D',
  pageUp: '\x1b[5~',
  pageDown: '\x1b[6~',
  home: '\x1b[H',
  end: '\x1b[F',
  shiftTab: '\x1b[Z',
} as const;

/** The keys in what a terminal sent at once; sequences of the application mode are as those of the usual one. */
export function keysIn(input: string): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: keys are control sequences
  const found = input.match(/\x1b(?:\[[0-9;]*[A-Za-z~]|O[A-Z])|[\s\S]/gu) ?? [];
  return found.map((key) => OTHERWISE[key] ?? key.replace('\x1bO', '\x1b['));
}

/** Home and End as some terminals say them. */
const OTHERWISE: Record<string, string> = { '\x1b[1~': KEYS.home, '\x1b[4~': KEYS.end };

export const HELP: readonly [keys: string, what: string][] = [
  ['1 2 3 4, Tab', 'machines, sessions, attachments, pods'],
  ['← → or < >', 'sort by another column'],
  ['r', 'the other way round'],
  ['/', 'show only what contains a text; Esc ends that'],
  ['↑ ↓ PgUp PgDn', 'scroll; g and G to the ends'],
  ['+ -', 'look more often, or less'],
  ['p', 'stop looking, and go on'],
  ['Enter', 'look now'],
  ['q', 'enough'],
];
