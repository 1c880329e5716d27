// One session to 1, 10 and 50 viewers on the same pod: total rate, and the same content for each.
import { printProgram } from '../programs/programs.ts';
import { type Act, MB, receiptFaults, type Scenario } from './scenario.ts';

const VIEWERS = [1, 10, 50];
/** More viewers than this are shared between two load processes. */
const ALONE = 10;
const SILENCE_MS = 4_000;

export const fanOut: Scenario = {
  name: 'fan-out',
  what: `one session to ${VIEWERS.join(', ')} viewers: bytes of all viewers per second, each viewer's content compared`,
  needs: ['program', 'share'],
  quickWithTwoPods: true,
  metrics: () => VIEWERS.map((viewers) => ({ name: `to ${viewers}`, unit: 'MB/s', better: 'more' })),
  rounds: (quick) => ({ counted: quick ? 1 : 5, warmUp: !quick }),
  async measure(act) {
    const metrics: Record<string, number> = {};
    const faults: string[] = [];
    for (const viewers of VIEWERS) {
      const { rate, wrong } = await rateTo(viewers, act);
      metrics[`to ${viewers}`] = rate;
      faults.push(...wrong);
    }
    return { metrics, faults };
  },
};

async function rateTo(viewers: number, act: Act): Promise<{ rate: number; wrong: string[] }> {
  const { running, stage, corpus, attendance } = act;
  // Below what Redis holds for a subscriber, so that a relay without flow control can play as well.
  const times = viewers > ALONE ? 1 : 2;
  const bytes = corpus.bytes * times;
  const [near, far] = [stage.load('load-1'), stage.load('load-2')];
  const here = viewers > ALONE ? Math.ceil(viewers / 2) : viewers;
  const program = printProgram(corpus.file, times);
  const opened = await near.ask({ do: 'watch-open', viewers: running.viewers, count: here, program });
  const { ref } = opened.result;
  const watching = [near];
  if (viewers > here) {
    await far.ask({ do: 'watch-open', viewers: running.viewers, count: viewers - here, ref });
    watching.push(far);
  }
  // Those who only watch begin first; the first load process then lets the program go.
  const order = { do: 'watch-run', file: corpus.file, bytes, silenceMs: SILENCE_MS } as const;
  const results = watching.reverse().map((load) => load.ask({ ...order, go: load === near }));
  const seen = (await Promise.all(results)).map((reply) => attendance.note(reply));
  await Promise.all(watching.map((load) => load.ask({ do: 'watch-close', interrupt: false })));
  const goneAt = Math.max(...seen.map((one) => one.goneAt));
  const lastAt = Math.max(...seen.map((one) => one.lastAt));
  const receipts = seen.flatMap((one) => one.receipts);
  return {
    rate: (bytes * viewers) / MB / ((lastAt - goneAt) / 1000),
    wrong: receiptFaults(receipts, bytes).map((fault) => `to ${viewers}: ${fault}`),
  };
}
