// Viewers of one session: they count and compare what it prints.
import { readFileSync } from 'node:fs';
import { Comparison } from './comparison.ts';
import { delay, wallMs, within } from './deadline.ts';
import type { SessionRef, Viewing } from './driver.ts';
import { viewerDriver } from './loaded-driver.ts';
import type { LoadOrders, WatchResult } from './orders.ts';
import { interrupt, openReady } from './ready-session.ts';

const GO = Buffer.from('g');
const ATTACH_MS = 15_000;
const TIMELINE_MS = 5;
const LOOK_MS = 5;

class Viewer {
  viewing: Viewing | undefined;
  comparison: Comparison | undefined;
  lastAt = 0;
  creditEvery = 0;
  timeline: [number, number][] | undefined;
  private credited = 0;

  readonly onOutput = (chunk: Buffer): void => {
    const comparison = this.comparison;
    if (!comparison) return;
    comparison.take(chunk);
    this.lastAt = wallMs();
    const last = this.timeline?.at(-1);
    if (this.timeline && (!last || this.lastAt - last[0] >= TIMELINE_MS)) {
      this.timeline.push([this.lastAt, comparison.bytes]);
    }
    while (this.creditEvery > 0 && comparison.bytes - this.credited >= this.creditEvery) {
      this.credited += this.creditEvery;
      this.viewing?.write(GO);
    }
  };
}

let viewers: Viewer[] = [];

export const watch = {
  async open(order: LoadOrders['watch-open']['order']): Promise<{ ref: SessionRef }> {
    viewers = Array.from({ length: order.count }, () => new Viewer());
    const [first, ...others] = viewers;
    if (!first) throw new Error('A watch needs a viewer.');
    let ref = order.ref;
    if (order.program !== undefined) {
      first.viewing = await openReady(order.viewers, order.program, first.onOutput);
      ref = first.viewing.ref;
    }
    if (!ref) throw new Error('A watch needs a program or a session.');
    const attaching = order.program === undefined ? viewers : others;
    await Promise.all(attaching.map((viewer) => attach(order, ref, viewer)));
    return { ref };
  },

  async run(order: LoadOrders['watch-run']['order']): Promise<WatchResult> {
    const content = readFileSync(order.file);
    const comparisons = viewers.map((viewer) => {
      viewer.comparison = new Comparison(content);
      viewer.lastAt = 0;
      return viewer.comparison;
    });
    const first = viewers[0];
    if (first) {
      first.creditEvery = order.creditEvery ?? 0;
      first.timeline = [];
    }
    const goneAt = wallMs();
    if (order.go) first?.viewing?.write(GO);
    const lastAt = () => Math.max(...viewers.map((viewer) => viewer.lastAt));
    while (comparisons.some((comparison) => comparison.bytes < order.bytes)) {
      if (wallMs() - Math.max(goneAt + (order.expectedMs ?? 0), lastAt()) > order.silenceMs) break;
      await delay(LOOK_MS);
    }
    return {
      receipts: comparisons.map(({ bytes, firstWrongAt }) => ({ bytes, firstWrongAt })),
      goneAt,
      lastAt: lastAt(),
      timeline: first?.timeline ?? [],
    };
  },

  async close(order: LoadOrders['watch-close']['order']): Promise<undefined> {
    const [first, ...others] = viewers.flatMap((viewer) => (viewer.viewing ? [viewer.viewing] : []));
    await Promise.all(others.map((viewing) => viewing.leave()));
    if (first) await (order.interrupt ? interrupt(first) : first.leave());
    viewers = [];
    return undefined;
  },
};

async function attach(order: LoadOrders['watch-open']['order'], ref: SessionRef, viewer: Viewer): Promise<void> {
  const driver = await viewerDriver(order.viewers);
  if (!driver.attach) throw new Error('This contestant has no second viewers.');
  const attached = driver.attach(order.viewers.options, ref, viewer.onOutput);
  viewer.viewing = await within(ATTACH_MS, 'Attaching', attached);
}
