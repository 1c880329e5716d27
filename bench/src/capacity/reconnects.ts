// Agents that lose their pod and come back: the agent's own backoff against pods with a bounded rate of registrations.
import { LIMITS } from '@hermit/protocol';
import { Backoff, type Random } from '@hermit/transport';
import { MEASURED } from './constants.ts';

/** The simulation's step, milliseconds. */
const STEP = 10;

export interface Reconnects {
  agents: number;
  /** Milliseconds until half, 99 % and all of them were back. */
  half: number;
  most: number;
  all: number;
  /** Registrations that were given up because the pod did not answer in time. */
  givenUp: number;
  /** The longest that one pod was busy with registrations alone, milliseconds in a row. */
  busy: number;
}

/** When each agent dials first: `first(agent)`, milliseconds. Each dial goes to a pod at random. */
export function reconnect(agents: number, pods: number, random: Random, first?: (agent: number) => number): Reconnects {
  const due: number[][] = [];
  const at = (ms: number, agent: number) => {
    const step = Math.ceil(ms / STEP);
    const list = due[step];
    if (list) list.push(agent);
    else due[step] = [agent];
  };
  const backoffs = Array.from({ length: agents }, () => new Backoff(random));
  for (let agent = 0; agent < agents; agent++) at(first?.(agent) ?? (backoffs[agent] as Backoff).next(), agent);

  /** Until when each pod is busy with what it has taken; since when it has not been idle. */
  const busyUntil = new Float64Array(pods);
  const busySince = new Float64Array(pods);
  const back: number[] = [];
  let givenUp = 0;
  let busy = 0;
  for (let step = 0; back.length < agents; step++) {
    const now = step * STEP;
    for (const agent of due[step] ?? []) {
      const pod = Math.floor(random() * pods);
      const begins = Math.max(now, busyUntil[pod] as number);
      if (begins === now) busySince[pod] = now;
      if (begins - now > LIMITS.register) {
        // It hangs up, and the pod does not work for somebody who has gone.
        givenUp++;
        at(now + LIMITS.register + (backoffs[agent] as Backoff).next(), agent);
        continue;
      }
      busyUntil[pod] = begins + MEASURED.registration;
      busy = Math.max(busy, (busyUntil[pod] as number) - (busySince[pod] as number));
      back.push(busyUntil[pod] as number);
    }
    due[step] = [];
  }
  back.sort((a, b) => a - b);
  const quantile = (share: number) => back[Math.ceil(back.length * share) - 1] ?? 0;
  return { agents, half: quantile(0.5), most: quantile(0.99), all: quantile(1), givenUp, busy };
}
