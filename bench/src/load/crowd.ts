// Sessions with one viewer each that do nothing: what they cost is measured elsewhere.
import { echoProgram } from '../programs/programs.ts';
import { within } from './deadline.ts';
import type { Viewing } from './driver.ts';
import { viewerDriver } from './loaded-driver.ts';
import type { LoadOrders } from './orders.ts';
import { interrupt, openReady } from './ready-session.ts';

const OPENING = 10;
const VISIT_MS = 15_000;

let idle: Viewing[] = [];

export const crowd = {
  async open(order: LoadOrders['idle-open']['order']): Promise<undefined> {
    while (idle.length < order.sessions) {
      const some = Array.from({ length: Math.min(OPENING, order.sessions - idle.length) }, () =>
        openReady(order.viewers, echoProgram(), () => undefined),
      );
      idle.push(...(await Promise.all(some)));
    }
    return undefined;
  },

  async visit({ viewers, visits }: LoadOrders['idle-visit']['order']): Promise<undefined> {
    const driver = await viewerDriver(viewers);
    const visit = async ({ ref }: Viewing) => {
      if (!driver.attach) throw new Error('This contestant has no second viewers.');
      const visiting = driver.attach(viewers.options, ref, () => undefined);
      await (await within(VISIT_MS, 'A visit', visiting)).leave();
    };
    for (let visited = 0; visited < visits; visited += OPENING) await Promise.all(idle.slice(0, OPENING).map(visit));
    return undefined;
  },

  async close(): Promise<undefined> {
    await Promise.all(idle.map((viewing) => interrupt(viewing)));
    idle = [];
    return undefined;
  },
};
