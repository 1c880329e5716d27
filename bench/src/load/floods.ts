// Sessions that print as fast as they can while somebody else is being measured.
import type { Viewing } from './driver.ts';
import { watchHealth } from './health.ts';
import type { LoadHealth, LoadOrders } from './orders.ts';
import { interrupt, openReady } from './ready-session.ts';

const GO = Buffer.from('g');

const NO_HEALTH: LoadHealth = { cpuShare: 0, loopShare: 0, lagP99Ms: 0, elapsedMs: 0 };

let flooding: Viewing[] = [];
let bytes = 0;
let startedAt = 0;
let health: (() => LoadHealth) | undefined;

export const floods = {
  async start(order: LoadOrders['flood-start']['order']): Promise<undefined> {
    bytes = 0;
    const count = (chunk: Buffer) => {
      bytes += chunk.length;
    };
    flooding = await Promise.all(
      Array.from({ length: order.sessions }, () => openReady(order.viewers, order.program, count)),
    );
    startedAt = performance.now();
    health = watchHealth();
    for (const viewing of flooding) viewing.write(GO);
  },

  async stop(): Promise<{ bytes: number; seconds: number; health: LoadHealth }> {
    // The health is that of the whole flood, not of this order.
    const seconds = (performance.now() - startedAt) / 1000;
    const seen = { bytes, seconds, health: health?.() ?? NO_HEALTH };
    await Promise.all(flooding.map((viewing) => interrupt(viewing)));
    flooding = [];
    return seen;
  },
};
