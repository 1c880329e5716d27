// Keystroke to echo: one session, one viewer, one key at a time.
import { latencyMetrics, typeFaults } from './latency.ts';
import type { Scenario } from './scenario.ts';

const KEYS_PER_SECOND = 100;
/** Before anything counts, so many keys at a faster rate: a pod that has been up for a minute has compiled its code. */
const WARM_UP = { perSecond: 1_500, seconds: 2 };
const DRAIN_MS = 5_000;

export const echo: Scenario = {
  name: 'echo',
  what: `keystroke to echo: ${KEYS_PER_SECOND} keys per second with jitter, echoed by \`cat\` in a raw PTY`,
  needs: ['echo'],
  metrics: () => [
    { name: 'p50', unit: 'ms', better: 'less' },
    { name: 'p95', unit: 'ms', better: 'less' },
    { name: 'p99', unit: 'ms', better: 'less' },
  ],
  // Short and many: one process differs from its neighbour by a quarter for seconds, whoever it is.
  rounds: (quick) => ({ counted: quick ? 6 : 20, warmUp: true }),
  async measure({ running, stage, quick, warmUp, seed, attendance }) {
    const pace = warmUp ? WARM_UP : { perSecond: KEYS_PER_SECOND, seconds: quick ? 1 : 2.5 };
    const typed = attendance.note(
      await stage.load('load-1').ask({
        do: 'type',
        viewers: running.viewers,
        sessions: 1,
        ...pace,
        drainMs: DRAIN_MS,
        seed,
      }),
    );
    return { metrics: latencyMetrics(typed), faults: typeFaults(typed) };
  },
};
