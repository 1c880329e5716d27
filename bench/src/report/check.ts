// Holds a run's results to the targets.
import type { Target } from '../targets.ts';
import { type Results, valuesOf } from './results.ts';
import { median, ratio } from './statistics.ts';

export type Verdict = 'met' | 'within tolerance' | 'missed' | 'not measured';

export interface Judgement {
  target: Target;
  /** NaN when it was not measured. */
  value: number;
  verdict: Verdict;
}

export function judge(results: Results, targets: readonly Target[]): Judgement[] {
  return targets.map((target) => {
    const value = targetValue(results, target);
    return { target, value, verdict: verdictOn(target, value) };
  });
}

function targetValue(results: Results, target: Target): number {
  const values = valuesOf(results, target.figure);
  if (!target.over) return median(values);
  const over = valuesOf(results, target.over);
  return values.length > 0 && over.length > 0 ? ratio(values, over) : Number.NaN;
}

export function verdictOn(target: Target, value: number): Verdict {
  if (Number.isNaN(value)) return 'not measured';
  // A target is met by being on its limit, in either direction.
  const beyond = target.is === 'at most' ? value - target.limit : target.limit - value;
  if (beyond <= 0) return 'met';
  return beyond <= target.limit * target.tolerance ? 'within tolerance' : 'missed';
}

/** Why a regression check fails; empty when it passes. `partial`: only some names were run. */
export function failures(results: Results, judgements: readonly Judgement[], partial: boolean): string[] {
  const reasons = judgements.flatMap(({ target, value, verdict }) => {
    if (verdict === 'missed')
      return [`${target.what}: ${value.toPrecision(3)} ${target.unit}, ${target.is} ${target.limit}`];
    if (verdict === 'not measured' && !partial && !quickLeavesOut(results, target))
      return [`${target.what}: not measured`];
    return [];
  });
  for (const { scenario, contestants } of results.scenarios) {
    for (const { contestant, underTest, rounds } of contestants) {
      const faults = new Set(rounds.flatMap((round) => round.faults));
      if (underTest) reasons.push(...[...faults].map((fault) => `${scenario}, ${contestant}: ${fault}`));
    }
  }
  return reasons;
}

/** A quick run leaves some figures out on purpose: the scenario then does not list the metric. */
function quickLeavesOut(results: Results, target: Target): boolean {
  const scenario = results.scenarios.find((one) => one.scenario === target.figure.scenario);
  return scenario !== undefined && !scenario.metrics.some((metric) => metric.name === target.figure.metric);
}
