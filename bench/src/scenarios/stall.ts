// Five seconds in which a pod, or its connection to Redis, does nothing, at 10 MB/s: what is lost, and when it flows again.
import { delay, wallMs } from '../load/deadline.ts';
import type { PodSide } from '../machine/stage.ts';
import { pacedProgram } from '../programs/programs.ts';
import { flowsAgainAt, GAP_MS } from './flow.ts';
import { type Act, MB, type Measurement, type Metric, receiptFaults, type Scenario } from './scenario.ts';

const BYTES_PER_SECOND = 10 * MB;
const BEFORE_MS = 1_000;
const STALL_MS = 5_000;
const AFTER_MS = 1_500;
const EXPECTED_MS = BEFORE_MS + STALL_MS + AFTER_MS;
/** Whatever has not come when it has been quiet for so long, after the program should have ended, is lost. */
const SILENCE_MS = 2_500;
const BYTES = (BYTES_PER_SECOND * EXPECTED_MS) / 1000;

type Hold = (act: Act, side: PodSide, held: boolean) => Promise<void>;

export const stallPod = stall('stall-pod', "a pod's event loop stopped (SIGSTOP)", async (act, side, held) => {
  act.running.pods?.[side].signal(held ? 'SIGSTOP' : 'SIGCONT');
});

export const stallRedis = stall(
  'stall-redis',
  "a pod's connections to Redis frozen (nothing passes, nothing closes)",
  (act, side, held) => act.stage.freezeRedis(side, held),
);

function stall(name: string, how: string, hold: Hold): Scenario {
  return {
    name,
    what: `${how} for 5 s while a session prints 10 MB/s: bytes the viewer never gets, and when new ones come`,
    needs: ['program', 'pods', 'redis'],
    metrics: (quick) => sides(quick).flatMap(metricsOf),
    // The same for both, so that one start serves both; the proxy costs what is paced here nothing.
    wishes: () => ({ freezable: true }),
    // What a bare relay loses is known, and takes its time.
    floors: (quick) => !quick,
    rounds: (quick) => ({ counted: quick ? 1 : 3, warmUp: false }),
    async measure(act) {
      const metrics: Record<string, number> = {};
      const faults: string[] = [];
      for (const side of sides(act.quick)) {
        const measured = await stalled(act, side, hold);
        Object.assign(metrics, measured.metrics);
        faults.push(...measured.faults);
      }
      return { metrics, faults };
    },
  };
}

function sides(quick: boolean): PodSide[] {
  return quick ? ['viewer'] : ['viewer', 'agent'];
}

function metricsOf(side: PodSide): Metric[] {
  return [
    { name: `${side}'s pod: lost`, unit: 'MB', better: 'less' },
    { name: `${side}'s pod: flows after`, unit: 'ms', better: 'less' },
  ];
}

async function stalled(act: Act, side: PodSide, hold: Hold): Promise<Measurement> {
  const { running, stage, corpus, attendance } = act;
  const viewer = stage.load('load-1');
  const program = pacedProgram(corpus.file, BYTES, BYTES_PER_SECOND);
  await viewer.ask({ do: 'watch-open', viewers: running.viewers, count: 1, program });
  const order = {
    do: 'watch-run',
    go: true,
    file: corpus.file,
    bytes: BYTES,
    silenceMs: SILENCE_MS,
    expectedMs: EXPECTED_MS,
  } as const;
  const watching = viewer.ask(order);
  await delay(BEFORE_MS);
  await hold(act, side, true);
  await delay(STALL_MS);
  const releasedAt = wallMs();
  await hold(act, side, false);
  const seen = attendance.note(await watching);
  await viewer.ask({ do: 'watch-close', interrupt: true });
  const lost = BYTES - (seen.receipts[0]?.bytes ?? 0);
  const again = flowsAgainAt(seen.timeline, releasedAt);
  const endsAt = lost > 0 && seen.lastAt < seen.goneAt + EXPECTED_MS - GAP_MS ? undefined : again;
  const metrics = {
    [`${side}'s pod: lost`]: lost / MB,
    // Never again counts as the whole time that it was waited for.
    [`${side}'s pod: flows after`]: endsAt === undefined ? AFTER_MS + SILENCE_MS : endsAt - releasedAt,
  };
  // A floor loses bytes, and what follows them differs from then on: that is its figure, not its fault.
  return { metrics, faults: act.contestant.underTest ? receiptFaults(seen.receipts, BYTES - lost) : [] };
}
