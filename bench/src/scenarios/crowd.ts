// Many sessions typed in at once: the step at which echoes stop being immediate is the knee.
import { latencyMetrics, typeFaults } from './latency.ts';
import type { Scenario } from './scenario.ts';

const KEYS_PER_SECOND = 10;
const DRAIN_MS = 5_000;
/** What a person does not yet feel; a step is good while its p95 is below and no echo is lost. */
const GOOD_P95_MS = 50;

export const crowd: Scenario = {
  name: 'crowd',
  what: `more and more sessions of one agent, each typed in ${KEYS_PER_SECOND} times a second; the knee is the last step with p95 within ${GOOD_P95_MS} ms`,
  needs: ['program', 'pods'],
  quickWithTwoPods: true,
  metrics: (quick) => [
    ...steps(quick).map((step) => ({ name: `p95 of ${step}`, unit: 'ms', better: 'less' }) as const),
    { name: 'knee', unit: 'sessions', better: 'more' },
  ],
  rounds: (quick) => ({ counted: quick ? 1 : 3, warmUp: false }),
  async measure({ running, stage, quick, seed, attendance }) {
    const metrics: Record<string, number> = { knee: 0 };
    const faults: string[] = [];
    for (const sessions of steps(quick)) {
      const typed = attendance.note(
        await stage.load('load-1').ask({
          do: 'type',
          viewers: running.viewers,
          sessions,
          perSecond: KEYS_PER_SECOND,
          seconds: quick ? 1 : 5,
          drainMs: DRAIN_MS,
          seed,
        }),
      );
      const { p95 } = latencyMetrics(typed, DRAIN_MS);
      metrics[`p95 of ${sessions}`] = p95;
      // Beyond the knee a late echo is the answer, not a fault; a wrong one is always a fault.
      faults.push(...typeFaults({ ...typed, lost: 0 }).map((fault) => `${sessions} sessions: ${fault}`));
      if (p95 > GOOD_P95_MS || typed.lost > 0) break;
      metrics.knee = sessions;
    }
    return { metrics, faults };
  },
};

function steps(quick: boolean): number[] {
  return quick ? [10, 100] : [10, 25, 50, 100, 200, 250];
}
