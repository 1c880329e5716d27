// Attaching to a session that has printed 50 MB: until the first screen is complete.
import { printAndStayProgram } from '../programs/programs.ts';
import { percentile } from '../report/statistics.ts';
import { receiptFaults, type Scenario } from './scenario.ts';

/** Of the corpus of 8 MiB: 50 MB. */
const TIMES = 6;
const SILENCE_MS = 8_000;

export const attach: Scenario = {
  name: 'attach',
  what: 'attaching as a person does to a session that has printed 50 MB, until its first screen is painted',
  needs: ['program', 'share'],
  quickWithTwoPods: true,
  metrics: () => [
    { name: 'p50', unit: 'ms', better: 'less' },
    { name: 'slowest', unit: 'ms', better: 'less' },
  ],
  rounds: (quick) => ({ counted: quick ? 1 : 5, warmUp: false }),
  async measure({ running, stage, corpus, attendance }) {
    const [printer, painter] = [stage.load('load-1'), stage.load('load-2')];
    const program = printAndStayProgram(corpus.file, TIMES);
    const bytes = corpus.bytes * TIMES;
    const opened = await printer.ask({ do: 'watch-open', viewers: running.viewers, count: 1, program });
    const order = { do: 'watch-run', go: true, file: corpus.file, bytes, silenceMs: SILENCE_MS } as const;
    const { receipts } = attendance.note(await printer.ask(order));
    const { ref } = opened.result;
    const painted = attendance.note(await painter.ask({ do: 'paint', viewers: running.viewers, ref, times: 10 }));
    await printer.ask({ do: 'watch-close', interrupt: true });
    const samples = painted.samples.sort((a, b) => a - b);
    return {
      metrics: { p50: percentile(samples, 50), slowest: samples.at(-1) ?? 0 },
      faults: receiptFaults(receipts, bytes),
    };
  },
};
