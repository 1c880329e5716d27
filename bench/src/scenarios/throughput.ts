// One session to one viewer as fast as it goes: through a PTY, and fed in frames of 16 KiB.
import { delay } from '../load/deadline.ts';
import type { WatchResult } from '../load/orders.ts';
import { CpuMeter } from '../machine/meter.ts';
import { printProgram } from '../programs/programs.ts';
import { type Act, MB, type Measurement, type Metric, MIB, receiptFaults, type Scenario } from './scenario.ts';

const SILENCE_MS = 4_000;
/** What is still to be done in the parts after the last byte arrived: replies, timers. */
const TAIL_MS = 50;

const FRAME_BYTES = 16 * 1024;
/** How far the feeder runs ahead of the viewer: well below what Redis holds for a subscriber (8 MB for 60 s). */
const WINDOW_BYTES = 4 * MIB;
const CREDIT_BYTES = MIB / 2;

const METRICS: Metric[] = [
  { name: 'rate', unit: 'MB/s', better: 'more' },
  { name: 'server CPU', unit: 'ms/MB', better: 'less' },
  { name: 'agent CPU', unit: 'ms/MB', better: 'less' },
  { name: 'pod-agent CPU', unit: 'ms/MB', better: 'less' },
  { name: 'pod-viewer CPU', unit: 'ms/MB', better: 'less' },
  { name: 'redis CPU', unit: 'ms/MB', better: 'less' },
];

export const throughput: Scenario = {
  name: 'throughput',
  what: 'one session prints a file through its PTY to one viewer; CPU by process (the emulator of an agent apart)',
  needs: ['print'],
  metrics: () => [...METRICS, { name: 'emulator CPU', unit: 'ms/MB', better: 'less' }],
  rounds: (quick) => ({ counted: quick ? 2 : 5, warmUp: true }),
  async measure(act) {
    const times = act.quick ? (act.warmUp ? 1 : 3) : 8;
    const bytes = act.corpus.bytes * times;
    const viewer = act.stage.load('load-1');
    const program = printProgram(act.corpus.file, times);
    act.attendance.note(await viewer.ask({ do: 'watch-open', viewers: act.running.viewers, count: 1, program }));
    const emulatorBefore = await act.running.emulatorCpuSeconds?.();
    const measured = await metered(act, bytes, async () =>
      act.attendance.note(
        await viewer.ask({ do: 'watch-run', go: true, file: act.corpus.file, bytes, silenceMs: SILENCE_MS }),
      ),
    );
    if (emulatorBefore !== undefined && act.running.emulatorCpuSeconds) {
      const emulatorMs = ((await act.running.emulatorCpuSeconds()) - emulatorBefore) * 1000;
      const perMb = emulatorMs / (bytes / MB);
      measured.metrics['emulator CPU'] = perMb;
      measured.metrics['agent CPU'] = (measured.metrics['agent CPU'] ?? 0) - perMb;
    }
    await viewer.ask({ do: 'watch-close', interrupt: false });
    return measured;
  },
};

export const feed: Scenario = {
  name: 'feed',
  what: 'frames of 16 KiB fed to the relay by a light agent without a PTY, to one viewer',
  needs: ['feed'],
  metrics: () => METRICS.filter((metric) => metric.name !== 'agent CPU'),
  rounds: (quick) => ({ counted: quick ? 2 : 5, warmUp: true }),
  async measure(act) {
    const { running, stage, corpus, attendance } = act;
    if (!running.lightAgents) throw new Error('It promised light agents and has none.');
    const bytes = corpus.bytes * (act.warmUp ? 2 : act.quick ? 8 : 32);
    const [feeder, viewer] = [stage.load('load-2'), stage.load('load-1')];
    const { ref } = attendance.note(await feeder.ask({ do: 'feed-open', agents: running.lightAgents }));
    await viewer.ask({ do: 'watch-open', viewers: running.viewers, count: 1, ref });
    const how = { file: corpus.file, bytes, creditEvery: CREDIT_BYTES };
    const measured = await metered(act, bytes, async () => {
      const watching = viewer.ask({ do: 'watch-run', go: false, silenceMs: SILENCE_MS, ...how });
      const feeding = feeder.ask({ do: 'feed-run', frameBytes: FRAME_BYTES, windowBytes: WINDOW_BYTES, ...how });
      attendance.note(await feeding);
      return attendance.note(await watching);
    });
    await viewer.ask({ do: 'watch-close', interrupt: false });
    await feeder.ask({ do: 'feed-close' });
    delete measured.metrics['agent CPU'];
    return measured;
  },
};

/** Runs `watched` and turns what the viewer saw, and what the parts used, into metrics. */
async function metered(act: Act, bytes: number, watched: () => Promise<WatchResult>): Promise<Measurement> {
  const meter = await CpuMeter.start(act.running.parts);
  const seen = await watched();
  await delay(TAIL_MS);
  const used = await meter.read();
  const metrics: Record<string, number> = { rate: bytes / MB / ((seen.lastAt - seen.goneAt) / 1000) };
  for (const [role, ms] of Object.entries(used)) metrics[`${role} CPU`] = ms / (bytes / MB);
  return { metrics, faults: receiptFaults(seen.receipts, bytes) };
}
