// The few statistics of the report.

/** Nearest rank, on samples that are sorted ascending; NaN without samples. */
export function percentile(sorted: readonly number[], percent: number): number {
  const rank = Math.ceil((percent / 100) * sorted.length);
  return sorted[Math.max(0, rank - 1)] ?? Number.NaN;
}

/** The middle value, or the mean of the two middle ones; NaN without values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle] ?? Number.NaN;
  return ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** The figures of the rounds that have one. */
export const measured = (values: readonly number[]): number[] => values.filter((value) => !Number.isNaN(value));

export interface Spread {
  min: number;
  median: number;
  max: number;
}

export function spread(values: readonly number[]): Spread {
  return { min: Math.min(...values), median: median(values), max: Math.max(...values) };
}

/**
 * How many times `over` the `values` are, by round; NaN is a round without a figure. Rounds are played in turn, so each is
 * divided by its neighbour in time, and drift of the machine cancels out. Without a round that both have it is a ratio of
 * medians.
 */
export function ratio(values: readonly number[], over: readonly number[]): number {
  const pairs = measured(values.map((value, round) => value / (over[round] ?? Number.NaN)));
  if (pairs.length > 0 && values.length === over.length) return median(pairs);
  return median(measured(values)) / median(measured(over));
}
