// Sessions with one viewer each that do nothing: what they cost is measured elsewhere.
import { echoProgram } from '../programs/programs.ts';
import type { Viewing } from './driver.ts';
import type { LoadOrders } from './orders.ts';
import { interrupt, openReady } from './ready-session.ts';

const OPENING = 10;

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

  async close(): Promise<undefined> {
    await Promise.all(idle.map((viewing) => interrupt(viewing)));
    idle = [];
    return undefined;
  },
};
