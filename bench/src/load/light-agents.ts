// Many light agents in one process: they register, stay idle, and come back when their pod dies.
import { delay, wallMs, within } from './deadline.ts';
import type { LightAgent } from './driver.ts';
import { lightAgentDriver } from './loaded-driver.ts';
import type { LoadOrders } from './orders.ts';

const REGISTER_MS = 60_000;
/** How many dial at once in the beginning; the storm afterwards is theirs. */
const DIALLING = 50;
/** How long after a kill the first loss may take to be noticed. */
const NOTICE_MS = 1_000;

interface Known {
  agent: LightAgent;
  registered: Promise<void>;
  here: boolean;
  lost: boolean;
  backAt: number;
}

let agents: Known[] = [];

export const lightAgents = {
  async open(order: LoadOrders['agents-open']['order']): Promise<undefined> {
    const driver = await lightAgentDriver(order.agents);
    for (let index = order.first; index < order.first + order.count; ) {
      const some: Known[] = [];
      for (; some.length < DIALLING && index < order.first + order.count; index++) {
        some.push(connect((events) => driver.connect(order.agents.options, index, events)));
      }
      agents.push(...some);
      await within(REGISTER_MS, 'Registering light agents', Promise.all(some.map((known) => known.registered)));
    }
    return undefined;
  },

  async back(order: LoadOrders['agents-back']['order']): Promise<LoadOrders['agents-back']['result']> {
    const startedAt = performance.now();
    const waiting = () => agents.some((known) => !known.here) || !agents.some((known) => known.lost);
    while (waiting() && performance.now() - startedAt < order.deadlineMs) {
      const nobodyLost = !agents.some((known) => known.lost);
      if (nobodyLost && performance.now() - startedAt > NOTICE_MS) break;
      await delay(5);
    }
    const lost = agents.filter((known) => known.lost);
    const back = lost.filter((known) => known.here);
    return { backAt: back.map((known) => known.backAt), lost: lost.length, missing: lost.length - back.length };
  },

  async close(): Promise<undefined> {
    for (const known of agents) known.agent.close();
    agents = [];
    return undefined;
  },
};

function connect(dial: (events: { registered(): void; lost(): void }) => LightAgent): Known {
  let first: () => void = () => undefined;
  const registered = new Promise<void>((resolve) => {
    first = resolve;
  });
  const known: Omit<Known, 'agent'> & { agent?: LightAgent } = { registered, here: false, lost: false, backAt: 0 };
  known.agent = dial({
    registered: () => {
      known.here = true;
      known.backAt = wallMs();
      first();
    },
    lost: () => {
      known.here = false;
      known.lost = true;
    },
  });
  return known as Known;
}
