// Light agents of Hermit: the agent's own link to the relay, with its epochs and its patience, and no sessions.
import { randomUUID } from 'node:crypto';
import { systemClock } from '@hermit/transport';
import { dialWs } from '@hermit/transport/node';
import { Link } from '../../../../services/agent/src/link/link.ts';
import type { LightAgent, LightAgentDriver, LightAgentEvents } from '../../load/driver.ts';
import type { Machine } from './accounts.ts';

export interface HermitLightAgentOptions {
  /** ws: URLs of the pods, the first one preferred: what a load balancer does when a pod is gone. */
  urls: string[];
  machines: Machine[];
}

export const driver: LightAgentDriver<HermitLightAgentOptions> = {
  connect({ urls, machines }, index, events) {
    const machine = machines[index];
    if (!machine) throw new Error(`Only ${machines.length} light agents were prepared.`);
    return connect(urls, machine, events);
  },
};

const NO_SESSIONS = {
  list: [],
  attachments: [],
  interest: [],
  tipAll: () => undefined,
  message: () => undefined,
  frame: () => undefined,
};

function connect(urls: readonly string[], { name, token }: Machine, events: LightAgentEvents): LightAgent {
  const dial = dialWs();
  let attempts = 0;
  let registered = false;
  const link = new Link({
    url: '',
    machineName: name,
    token,
    instanceId: randomUUID(),
    agentVersion: 'bench',
    dial: (_url, socketEvents, opened) => {
      const url = urls[attempts++ % urls.length] as string;
      return dial(`${url}/ws/agent`, socketEvents, opened);
    },
    clock: systemClock,
    random: Math.random,
    defer: setImmediate,
    onState(state) {
      if (state.state === 'registered') {
        registered = true;
        events.registered();
      } else if (registered) {
        registered = false;
        events.lost();
      }
    },
  });
  link.sessions = NO_SESSIONS;
  link.start();
  return { close: () => link.stop() };
}
