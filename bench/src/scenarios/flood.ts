// Echo of one quiet session while ten others of the same agent print through the same pods.
import type { LoadHealth, Reply } from '../load/orders.ts';
import { floodProgram } from '../programs/programs.ts';
import { latencyMetrics, typeFaults } from './latency.ts';
import { MB, type Scenario } from './scenario.ts';

const FLOODS = 10;
const KEYS_PER_SECOND = 50;
/** An echo may wait behind everything that a relay has queued; one that is not there by then counts with this. */
const DRAIN_MS = 10_000;

export const flood: Scenario = {
  name: 'flood',
  what: `echo of one quiet session while ${FLOODS} sessions of the same agent print as fast as they can`,
  needs: ['program'],
  quickWithTwoPods: true,
  metrics: () => [
    { name: 'p50', unit: 'ms', better: 'less' },
    { name: 'p95', unit: 'ms', better: 'less' },
    { name: 'p99', unit: 'ms', better: 'less' },
    { name: 'lost', unit: 'echoes', better: 'less' },
    { name: 'flood rate', unit: 'MB/s', better: 'more' },
  ],
  // What a naive relay has queued when it is interrupted would slow its next measurement.
  spoils: true,
  rounds: (quick) => ({ counted: quick ? 1 : 5, warmUp: false }),
  async measure({ running, stage, corpus, quick, seed, attendance }) {
    const [typist, flooder] = [stage.load('load-1'), stage.load('load-2')];
    const program = floodProgram(corpus.file);
    await flooder.ask({ do: 'flood-start', viewers: running.viewers, sessions: FLOODS, program });
    const typed = attendance.note(
      await typist.ask({
        do: 'type',
        viewers: running.viewers,
        sessions: 1,
        perSecond: KEYS_PER_SECOND,
        seconds: quick ? 2 : 5,
        drainMs: DRAIN_MS,
        seed,
      }),
    );
    const flooded = attendance.note(flooding(await flooder.ask({ do: 'flood-stop' })));
    const rate = flooded.bytes / MB / flooded.seconds;
    const metrics = { ...latencyMetrics(typed, DRAIN_MS), lost: typed.lost, 'flood rate': rate };
    // A lost echo is a figure here: a naive relay loses some, and each counts as slow as can be.
    const faults = typeFaults({ ...typed, lost: 0 });
    if (rate === 0) faults.push('nothing flooded');
    return { metrics, faults };
  },
};

/** The flooder's health is in its result: it worked between two orders. */
function flooding<T extends { health: LoadHealth }>(reply: Reply<T>): Reply<T> {
  return { result: reply.result, health: reply.result.health };
}
