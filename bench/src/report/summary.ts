// Each figure's minimum, median and maximum, and how many times the floor it is.
import { type ContestantResult, roundValues, type ScenarioResult } from './results.ts';
import { measured, ratio, type Spread, spread } from './statistics.ts';

interface Summary extends Spread {
  scenario: string;
  contestant: string;
  metric: string;
  unit: string;
  /** The rounds that count: those with a right answer. */
  rounds: number;
  /** Absent when the contestant has no floor in this scenario. */
  timesFloor?: number;
}

/** Undefined when no round has a right answer with this metric. */
export function summaryOf(
  result: ScenarioResult,
  contestant: ContestantResult,
  metric: { name: string; unit: string },
): Summary | undefined {
  const rounds = roundValues(contestant, metric.name);
  const values = measured(rounds);
  if (values.length === 0) return undefined;
  const floor = result.contestants.find((other) => other.contestant === contestant.floor);
  const times = ratio(rounds, roundValues(floor, metric.name));
  return {
    scenario: result.scenario,
    contestant: contestant.contestant,
    metric: metric.name,
    unit: metric.unit,
    rounds: values.length,
    ...spread(values),
    ...(Number.isFinite(times) ? { timesFloor: times } : {}),
  };
}

export function summarise(result: ScenarioResult): Summary[] {
  return result.contestants.flatMap((contestant) =>
    result.metrics.flatMap((metric) => summaryOf(result, contestant, metric) ?? []),
  );
}
