// Sessions that print as fast as they can while somebody else is being measured.
import type { Viewing } from './driver.ts';
import type { LoadOrders } from './orders.ts';
import { interrupt, openReady } from './ready-session.ts';

const GO = Buffer.from('g');

let flooding: Viewing[] = [];
let bytes = 0;
let startedAt = 0;

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
    for (const viewing of flooding) viewing.write(GO);
  },

  async stop(): Promise<{ bytes: number; seconds: number }> {
    const seconds = (performance.now() - startedAt) / 1000;
    const seen = bytes;
    await Promise.all(flooding.map((viewing) => interrupt(viewing)));
    flooding = [];
    return { bytes: seen, seconds };
  },
};
