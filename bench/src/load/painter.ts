// Attaches as a person does and measures how long the first complete screen takes.
import { within } from './deadline.ts';
import { viewerDriver } from './loaded-driver.ts';
import type { LoadOrders } from './orders.ts';

const PAINT_MS = 30_000;

export async function paintTimes(order: LoadOrders['paint']['order']): Promise<{ samples: number[] }> {
  const driver = await viewerDriver(order.viewers);
  if (!driver.paint) throw new Error('This contestant paints nothing.');
  const samples: number[] = [];
  for (let time = 0; time < order.times; time++) {
    const startedAt = performance.now();
    const viewing = await within(PAINT_MS, 'Painting', driver.paint(order.viewers.options, order.ref));
    samples.push(performance.now() - startedAt);
    await viewing.leave();
  }
  return { samples };
}
