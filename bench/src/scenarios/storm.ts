// kill -9 of the pod that holds every agent: when they are back, and what that costs the pods that are left.
import { delay, wallMs } from '../load/deadline.ts';
import { cpuSecondsOf } from '../machine/usage.ts';
import { percentile } from '../report/statistics.ts';
import type { Act, Scenario } from './scenario.ts';

export const AGENTS = 1_000;
/** Those that have come to the other pod and gone again before: it has been up for a while, and compiled its code. */
const BEFORE = 300;
const DEADLINE_MS = 30_000;
/** The interval over which a pod's share of a core is taken. */
const LOOK_MS = 250;
const PRESENCE_MS = 5_000;

export const storm: Scenario = {
  name: 'storm',
  what: 'light agents on one pod; kill -9 of that pod; until every one is registered on another, and presence says so',
  needs: ['pods', 'redis', 'light-agents', 'come-back'],
  metrics: () => [
    { name: 'all back', unit: 'ms', better: 'less' },
    { name: 'half back', unit: 'ms', better: 'less' },
    { name: 'busiest pod', unit: 'cores', better: 'less' },
    { name: 'presence right', unit: 'ms', better: 'less' },
  ],
  wishes: () => ({ lightAgents: AGENTS }),
  spoils: true,
  rounds: (quick) => ({ counted: quick ? 1 : 5, warmUp: false }),
  async measure(act) {
    const { running, stage, attendance } = act;
    const pods = running.pods;
    if (!running.lightAgents || !pods || pods.agent === pods.viewer) throw new Error('A storm needs a pod to go to.');
    const load = stage.load('load-1');
    if (running.lightAgentsElsewhere) {
      await load.ask({ do: 'agents-open', agents: running.lightAgentsElsewhere, first: 0, count: BEFORE });
      await load.ask({ do: 'agents-close' });
    }
    await load.ask({ do: 'agents-open', agents: running.lightAgents, first: 0, count: AGENTS });
    const watch = busiest(pods.viewer.pid);
    const killedAt = wallMs();
    pods.agent.signal('SIGKILL');
    const back = attendance.note(await load.ask({ do: 'agents-back', deadlineMs: DEADLINE_MS }));
    const online = await presenceRight(act, AGENTS, killedAt);
    const cores = watch.stop();
    const times = back.backAt.map((at) => at - killedAt).sort((a, b) => a - b);
    const faults: string[] = [];
    if (back.lost !== AGENTS) faults.push(`only ${back.lost} of ${AGENTS} agents were on the pod that was killed`);
    if (back.missing > 0) faults.push(`${back.missing} agents did not come back within ${DEADLINE_MS} ms`);
    if (online === 'wrong') faults.push('presence does not say that every machine is online');
    const metrics: Record<string, number> = {
      'all back': times.at(-1) ?? DEADLINE_MS,
      'half back': percentile(times, 50),
      'busiest pod': cores,
    };
    if (typeof online === 'number') metrics['presence right'] = online;
    await load.ask({ do: 'agents-close' });
    return { metrics, faults };
  },
};

/** The largest share of a core that a process had in any interval. */
function busiest(pid: number): { stop(): number } {
  let last = { at: performance.now(), cpu: cpuSecondsOf(pid) };
  let most = 0;
  const timer = setInterval(() => {
    const now = { at: performance.now(), cpu: cpuSecondsOf(pid) };
    most = Math.max(most, ((now.cpu - last.cpu) * 1000) / (now.at - last.at));
    last = now;
  }, LOOK_MS);
  return {
    stop: () => {
      clearInterval(timer);
      return most;
    },
  };
}

/** When presence counted the light agents and the real one, in milliseconds after the kill. */
async function presenceRight(
  { running }: Act,
  agents: number,
  killedAt: number,
): Promise<number | 'wrong' | undefined> {
  if (!running.online) return undefined;
  const deadline = wallMs() + PRESENCE_MS;
  while (wallMs() < deadline) {
    if ((await running.online()) === agents + 1) return wallMs() - killedAt;
    await delay(20);
  }
  return 'wrong';
}
