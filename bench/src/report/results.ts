// What a run found: the shape of the JSON, and how figures are looked up in it.
import type { Header } from '../machine/header.ts';
import type { Busiest, Metric } from '../scenarios/scenario.ts';

export interface RoundResult {
  metrics: Record<string, number>;
  faults: string[];
  /** The busiest load process of the round. */
  load: Busiest;
}

export interface ContestantResult {
  contestant: string;
  what: string;
  floor?: string;
  underTest: boolean;
  insideLoad: boolean;
  rounds: RoundResult[];
}

export interface ScenarioResult {
  scenario: string;
  what: string;
  metrics: readonly Metric[];
  contestants: ContestantResult[];
}

export interface Results {
  header: Header;
  scenarios: ScenarioResult[];
}

/** Names one figure of a run. */
export interface Figure {
  scenario: string;
  contestant: string;
  metric: string;
}

/** The figure of each round, NaN where it has none; empty when the contestant did not play. */
export function valuesOf(results: Results, figure: Figure): number[] {
  const scenario = results.scenarios.find((one) => one.scenario === figure.scenario);
  const contestant = scenario?.contestants.find((one) => one.contestant === figure.contestant);
  return roundValues(contestant, figure.metric);
}

/** A wrong answer has no speed: its round is NaN, and keeps its place beside those of other contestants. */
export function roundValues(contestant: ContestantResult | undefined, metric: string): number[] {
  return (
    contestant?.rounds.map((round) => (round.faults.length > 0 ? undefined : round.metrics[metric]) ?? Number.NaN) ?? []
  );
}
