// What a scenario is: one question, asked of every contestant that has what it needs.
import type { Ability, Contestant, Running, Wishes } from '../contestants/contestant.ts';
import type { LoadHealth, Receipt, Reply } from '../load/orders.ts';
import type { Stage } from '../machine/stage.ts';
import type { Corpus } from '../programs/corpus.ts';

export interface Metric {
  name: string;
  unit: string;
  /** Which way is better, for the reader. */
  better: 'less' | 'more';
}

export interface Scenario {
  readonly name: string;
  /** One sentence: what is measured, and how. */
  readonly what: string;
  readonly needs: readonly Ability[];
  metrics(quick: boolean): readonly Metric[];
  /** What the contestant must be prepared for. */
  wishes?(quick: boolean): Partial<Wishes>;
  /** Each measurement has its own start: it kills something, or counts memory. */
  readonly fresh?: boolean;
  /** Nobody can play on what it leaves behind. */
  readonly spoils?: boolean;
  /** Whether the floors play too. */
  floors?(quick: boolean): boolean;
  /** A quick run asks only those with two pods: the targets are theirs. */
  readonly quickWithTwoPods?: boolean;
  /** Rounds that count, and whether an uncounted one goes before them. */
  rounds(quick: boolean): { counted: number; warmUp: boolean };
  measure(act: Act): Promise<Measurement>;
}

/** One contestant on its stage, about to be measured. */
export interface Act {
  readonly contestant: Contestant;
  readonly running: Running;
  readonly stage: Stage;
  readonly corpus: Corpus;
  readonly quick: boolean;
  /** Uncounted: it may be shorter. */
  readonly warmUp: boolean;
  readonly seed: number;
  readonly attendance: Attendance;
}

export interface Measurement {
  /** By metric name; one that does not apply to the contestant is absent. */
  metrics: Record<string, number>;
  /** Why the answer is wrong, however fast; empty when it is right. */
  faults: string[];
}

/** The worst of several orders. */
export type Busiest = Omit<LoadHealth, 'elapsedMs'>;

/** An order shorter than this says nothing about how busy its process was. */
const TELLING_MS = 200;

/** Collects how busy the load generators were in one measurement. */
export class Attendance {
  readonly worst: Busiest = { cpuShare: 0, loopShare: 0, lagP99Ms: 0 };

  /** Unwraps a load process's answer. */
  note<T>(reply: Reply<T>): T {
    if (reply.health.elapsedMs < TELLING_MS) return reply.result;
    for (const key of ['cpuShare', 'loopShare', 'lagP99Ms'] as const) {
      this.worst[key] = Math.max(this.worst[key], reply.health[key]);
    }
    return reply.result;
  }
}

/** The faults of what viewers received: each must have exactly `bytes`, and every byte the right one. */
export function receiptFaults(receipts: readonly Receipt[], bytes: number): string[] {
  const short = receipts.filter((receipt) => receipt.bytes !== bytes);
  const wrong = receipts.filter((receipt) => receipt.firstWrongAt >= 0);
  const faults: string[] = [];
  if (short[0]) faults.push(`${short.length} of ${receipts.length} viewers got ${short[0].bytes} of ${bytes} bytes`);
  if (wrong[0]) faults.push(`${wrong.length} of ${receipts.length} viewers differ from byte ${wrong[0].firstWrongAt}`);
  return faults;
}

export const MIB = 2 ** 20;
/** Rates are in megabytes (10^6), as the targets are. */
export const MB = 1e6;
