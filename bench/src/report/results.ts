// What a run found: the shape of the JSON, and how figures are looked up in it.
import type { LoadHealth } from '../load/orders.ts';
import type { Header } from '../machine/header.ts';
import type { Metric } from '../scenarios/scenario.ts';

export interface RoundResult {
  metrics: Record<string, number>;
  faults: string[];
  /** The busiest load process of the round. */
  load: LoadHealth;
}

export interface ContestantResult {
  contestant: string;
  what: string;
  floor?: string;
  underTest: boolean;
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

export function roundValues(contestant: ContestantResult | undefined, metric: string): number[] {
  const values = contestant?.rounds.map((round) => round.metrics[metric]) ?? [];
  return values.filter((value): value is number => value !== undefined && !Number.isNaN(value));
}
