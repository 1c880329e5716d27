// Percentiles and faults of what a typist measured.
import type { TypeResult } from '../load/orders.ts';
import { percentile } from '../report/statistics.ts';

/** An echo that never came counts as one that came at the deadline, so that losing is never fast. */
export function latencyMetrics(typed: TypeResult, lostAsMs = 0): { p50: number; p95: number; p99: number } {
  const samples = [...typed.samples, ...Array.from({ length: typed.lost }, () => lostAsMs)].sort((a, b) => a - b);
  return { p50: percentile(samples, 50), p95: percentile(samples, 95), p99: percentile(samples, 99) };
}

export function typeFaults(typed: TypeResult): string[] {
  const faults: string[] = [];
  if (typed.lost > 0) faults.push(`${typed.lost} of ${typed.sent} echoes never came`);
  if (typed.wrong > 0) faults.push(`${typed.wrong} echoed bytes were wrong`);
  return faults;
}
