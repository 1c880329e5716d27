// Types at a given rate in one session or in many, and measures when each keystroke's echo comes.
import { echoProgram } from '../programs/programs.ts';
import { delay } from './deadline.ts';
import type { Viewing } from './driver.ts';
import type { LoadOrders, TypeResult } from './orders.ts';
import { interrupt, openReady } from './ready-session.ts';
import { seeded } from './seeded.ts';

/** How many sessions are opened at once. */
const OPENING = 10;
const LETTERS = 26;
const FIRST_LETTER = 0x61;

/** One session's keystrokes: the k-th byte that comes back answers the k-th that was typed. */
class Typist {
  readonly samples: number[] = [];
  sent = 0;
  wrong = 0;
  viewing: Viewing | undefined;
  private echoed = 0;
  private readonly typedAt: number[] = [];

  readonly onOutput = (chunk: Buffer): void => {
    const now = performance.now();
    for (const byte of chunk) {
      const typedAt = this.typedAt[this.echoed];
      if (typedAt === undefined || byte !== letter(this.echoed)) this.wrong++;
      else this.samples.push(now - typedAt);
      this.echoed++;
    }
  };

  get waiting(): number {
    return Math.max(0, this.sent - this.echoed);
  }

  press(): void {
    const key = Buffer.from([letter(this.sent)]);
    this.sent++;
    this.typedAt.push(performance.now());
    this.viewing?.write(key);
  }
}

export async function type(order: LoadOrders['type']['order']): Promise<TypeResult> {
  const typists = Array.from({ length: order.sessions }, () => new Typist());
  try {
    for (let first = 0; first < typists.length; first += OPENING) {
      await Promise.all(typists.slice(first, first + OPENING).map((typist) => open(order, typist)));
    }
    const random = seeded(order.seed);
    await Promise.all(typists.map((typist) => typeAtRate(typist, order, random)));
    const deadline = performance.now() + order.drainMs;
    while (typists.some((typist) => typist.waiting > 0) && performance.now() < deadline) await delay(5);
    return {
      samples: typists.flatMap((typist) => typist.samples),
      sent: sum(typists, (typist) => typist.sent),
      lost: sum(typists, (typist) => typist.waiting),
      wrong: sum(typists, (typist) => typist.wrong),
    };
  } finally {
    await Promise.all(typists.map((typist) => typist.viewing && interrupt(typist.viewing)));
  }
}

async function open(order: LoadOrders['type']['order'], typist: Typist): Promise<void> {
  typist.viewing = await openReady(order.viewers, echoProgram(), typist.onOutput);
}

/** Keeps the rate whether or not echoes come: a slow answer must not slow the questions down. */
async function typeAtRate(typist: Typist, order: LoadOrders['type']['order'], random: () => number): Promise<void> {
  const intervalMs = 1000 / order.perSecond;
  const startedAt = performance.now() + random() * intervalMs;
  const keys = Math.round(order.seconds * order.perSecond);
  for (let key = 0; key < keys; key++) {
    // Jitter of half an interval, so that keystrokes do not fall in step with anybody's timer.
    const due = startedAt + (key + random() / 2) * intervalMs;
    const waitMs = due - performance.now();
    if (waitMs > 0) await delay(waitMs);
    typist.press();
  }
}

function letter(index: number): number {
  return FIRST_LETTER + (index % LETTERS);
}

function sum<T>(items: T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
