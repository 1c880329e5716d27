// The most memory that each process of a cluster ever had: looked at while they run, held against a bound at the end.
import type { HermitProcess } from './hermit-process.ts';
import { report } from './measured.ts';

const MiB = 1024 * 1024;
/** Far above what any test needs, and far below what a queue without a bound would come to. */
const MOST = 500 * MiB;
/** Postgres within the pod, while it makes its database. */
const EMBEDDED = 800 * MiB;
const LOOK_EVERY = 250;

export class Memory {
  private readonly peaks = new Map<'agents' | 'pods', number>();
  private readonly timer: NodeJS.Timeout;

  private readonly most: number;

  constructor(embedded: boolean, processes: () => Iterable<['agents' | 'pods', HermitProcess]>) {
    this.most = MOST + (embedded ? EMBEDDED : 0);
    this.timer = setInterval(() => {
      for (const [kind, process] of processes()) {
        this.peaks.set(kind, Math.max(this.peaks.get(kind) ?? 0, process.mostMemory));
      }
    }, LOOK_EVERY);
  }

  /** The last word on a cluster that has gone. */
  check(): void {
    clearInterval(this.timer);
    for (const [kind, peak] of this.peaks) report(`most memory of the ${kind}`, [peak / MiB], 'MiB');
    for (const [kind, peak] of this.peaks) {
      const most = kind === 'pods' ? this.most : MOST;
      if (peak > most) throw new Error(`${kind} had ${Math.round(peak / MiB)} MiB of memory, over ${most / MiB}`);
    }
  }
}
