// What waiting costs: memory and CPU of the server for each idle agent, and for each session that somebody looks at.
import { delay } from '../load/deadline.ts';
import { CpuMeter, isServer, settledMemory } from '../machine/meter.ts';
import type { Part } from '../machine/usage.ts';
import type { Act, Metric, Scenario } from './scenario.ts';
import { AGENTS } from './storm.ts';

const KIB = 1024;
/**
 * So many come first, and so many then. A machine runs 256 sessions at most. Hash tables double: with these numbers they are
 * three quarters full before and after, which is what they are on average. And V8 optimizes what was called a hundred times:
 * the lists of what depends on optimized code are part of the heap, and would be counted with those in which it happens.
 */
const FIRST_AGENTS = 192;
const MORE_AGENTS = 576;
const FIRST_SESSIONS = 48;
const MORE_SESSIONS = 144;
/** Viewers who come to the first sessions and leave again. */
const VISITS = 120;
/** How long the CPU of those who wait is watched; it takes its time to be told from nothing. */
const WATCH_MS = 20_000;
const isAgent = (part: Part) => part.role === 'agent';

const CPU: Metric[] = [
  { name: 'CPU of 1,000 idle agents', unit: 'ms/s', better: 'less' },
  { name: 'CPU of 1,000 attached', unit: 'ms/s', better: 'less' },
];

export const footprint: Scenario = {
  name: 'footprint',
  what: 'memory in use and resident (after a collection) and CPU of pods and Redis, per idle agent and per idle attached session',
  needs: ['pods', 'light-agents', 'program', 'share'],
  quickWithTwoPods: true,
  metrics: (quick) => [
    { name: 'per idle agent', unit: 'KiB', better: 'less' },
    { name: 'resident per idle agent', unit: 'KiB', better: 'less' },
    { name: 'per attached session', unit: 'KiB', better: 'less' },
    { name: 'resident per attached session', unit: 'KiB', better: 'less' },
    { name: 'agent, per session', unit: 'KiB', better: 'less' },
    ...(quick ? [] : CPU),
  ],
  // As many as a storm has, which plays on the same stage.
  wishes: () => ({ lightAgents: AGENTS }),
  fresh: true,
  rounds: (quick) => ({ counted: quick ? 1 : 3, warmUp: false }),
  async measure(act) {
    const { running, stage } = act;
    const watchMs = act.quick ? 0 : WATCH_MS;
    if (!running.lightAgents) throw new Error('It promised light agents and has none.');
    const load = stage.load('load-1');
    // The first of each kind make the code and the pools that all others share.
    await load.ask({ do: 'agents-open', agents: running.lightAgents, first: 0, count: FIRST_AGENTS });
    await load.ask({ do: 'idle-open', viewers: running.viewers, sessions: FIRST_SESSIONS });
    await load.ask({ do: 'idle-visit', viewers: running.viewers, visits: VISITS });

    const memory = () => settledMemory(running.parts);
    const empty = (await memory())(isServer);
    await load.ask({ do: 'agents-open', agents: running.lightAgents, first: FIRST_AGENTS, count: MORE_AGENTS });
    const agentCpu = watchMs > 0 ? await idleCpu(act, watchMs) : 0;
    // After the watch, so that what time alone changes is not counted with the sessions.
    const idle = await memory();
    const withAgents = idle(isServer);
    await load.ask({ do: 'idle-open', viewers: running.viewers, sessions: FIRST_SESSIONS + MORE_SESSIONS });
    const attached = await memory();
    const withSessions = attached(isServer);
    const bothCpu = watchMs > 0 ? await idleCpu(act, watchMs) : 0;
    await load.ask({ do: 'idle-close' });
    await load.ask({ do: 'agents-close' });
    return {
      metrics: {
        'per idle agent': (withAgents.live - empty.live) / KIB / MORE_AGENTS,
        'resident per idle agent': (withAgents.rss - empty.rss) / KIB / MORE_AGENTS,
        'per attached session': (withSessions.live - withAgents.live) / KIB / MORE_SESSIONS,
        'resident per attached session': (withSessions.rss - withAgents.rss) / KIB / MORE_SESSIONS,
        'agent, per session': (attached(isAgent).live - idle(isAgent).live) / KIB / MORE_SESSIONS,
        ...(watchMs > 0 && {
          'CPU of 1,000 idle agents': (agentCpu / MORE_AGENTS) * 1000,
          'CPU of 1,000 attached': (Math.max(0, bothCpu - agentCpu) / MORE_SESSIONS) * 1000,
        }),
      },
      faults: [],
    };
  },
};

/** CPU milliseconds per second that pods and Redis use while nobody does anything. */
async function idleCpu({ running }: Act, watchMs: number): Promise<number> {
  const meter = await CpuMeter.start(running.parts);
  await delay(watchMs);
  return ((await meter.read()).server ?? 0) / (watchMs / 1000);
}
