// Holds a run's results to the targets.
import type { Target } from '../targets.ts';
import { type Results, valuesOf } from './results.ts';
import { measured, median, ratio } from './statistics.ts';

type Verdict = 'met' | 'within tolerance' | 'missed' | 'not measured';

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
  return target.over ? ratio(values, valuesOf(results, target.over)) : median(measured(values));
}

export function verdictOn(target: Target, value: number): Verdict {
  if (Number.isNaN(value)) return 'not measured';
  const distance = beyond(target, target.limit, value);
  if (distance <= 0) return 'met';
  return distance <= target.limit * target.tolerance ? 'within tolerance' : 'missed';
}

/** How far the value is on the wrong side of a limit; a target is met by being on it, in either direction. */
const beyond = (target: Target, limit: number, value: number): number =>
  target.is === 'at most' ? value - limit : limit - value;

/** What a run on record reached, by target: a target that was missed then may be missed again, and not by more. */
export type Baseline = Readonly<Record<string, number>>;

const asBefore = ({ target, value }: Judgement, baseline: Baseline): boolean => {
  const reached = baseline[target.what];
  return reached !== undefined && beyond(target, reached, value) <= reached * target.tolerance;
};

/** Why a regression check fails; empty when it passes. `partial`: only some names were run. */
export function failures(
  results: Results,
  judgements: readonly Judgement[],
  partial: boolean,
  baseline: Baseline = {},
): string[] {
  const reasons = judgements.flatMap((judgement) => {
    const { target, value, verdict } = judgement;
    if (verdict === 'missed' && asBefore(judgement, baseline)) return [];
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
