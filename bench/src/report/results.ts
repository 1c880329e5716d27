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

/** The figure of each round; empty when it was not measured. */
export function valuesOf(results: Results, figure: Figure): number[] {
  const scenario = results.scenarios.find((one) => one.scenario === figure.scenario);
  const contestant = scenario?.contestants.find((one) => one.contestant === figure.contestant);
  return roundValues(contestant, figure.metric);
}

/** Without the rounds whose answer was wrong: a wrong answer has no speed. */
export function roundValues(contestant: ContestantResult | undefined, metric: string): number[] {
  const right = contestant?.rounds.filter((round) => round.faults.length === 0) ?? [];
  const values = right.map((round) => round.metrics[metric]);
  return values.filter((value): value is number => value !== undefined && !Number.isNaN(value));
}
