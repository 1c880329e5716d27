// The report for people: one table to a scenario, then the targets.
import type { Header } from '../machine/header.ts';
import type { Metric } from '../scenarios/scenario.ts';
import type { Judgement } from './check.ts';
import { type ContestantResult, type Results, roundValues, type ScenarioResult } from './results.ts';
import { measured } from './statistics.ts';
import { summaryOf } from './summary.ts';

/** From here on a load generator may itself have been what limited the figure. */
const BUSY_SHARE = 0.85;
/** Nothing is shown finer than this. */
const LEAST = 0.001;

export function markdown(results: Results, judgements: readonly Judgement[]): string {
  return [
    ...head(results.header),
    ...results.scenarios.flatMap(scenarioSection),
    ...targetsSection(judgements),
    '',
  ].join('\n');
}

function head(header: Header): string[] {
  return [
    '# Benchmark',
    '',
    `${header.takenAt}, commit ${header.commit.slice(0, 12)}${header.dirty ? ' (with changes)' : ''}, ${header.mode} run, seed ${header.seed}.`,
    `${header.cpu}, ${header.cores} cores, ${header.memoryGiB} GiB, ${header.system}; Node ${header.node}, Redis ${header.redis}; load average before the run ${header.loadBefore}.`,
    '',
    'Each cell is the median of the rounds, (minimum to maximum), and × the contestant named under "floor".',
    'A round with a wrong answer has no figures. Contestants take turns within a round. "load" is the busiest load generator: CPU share of one core, and p99 of its lag.',
  ];
}

function scenarioSection(result: ScenarioResult): string[] {
  const metrics = result.metrics.filter((metric) =>
    result.contestants.some((contestant) => measured(roundValues(contestant, metric.name)).length > 0),
  );
  const columns = ['contestant', 'floor', ...metrics.map((metric) => `${metric.name}, ${metric.unit}`), 'load'];
  const rows = result.contestants.map((contestant) => [
    contestant.contestant,
    contestant.floor ?? '',
    ...metrics.map((metric) => cell(result, contestant, metric)),
    loadCell(contestant),
  ]);
  const rounds = Math.max(0, ...result.contestants.map((contestant) => contestant.rounds.length));
  return [
    '',
    `## ${result.scenario}`,
    '',
    `${sentence(result.what)} ${rounds} ${rounds === 1 ? 'round' : 'rounds'}.`,
    '',
    ...table(columns, rows),
    ...notes(result),
  ];
}

function cell(result: ScenarioResult, contestant: ContestantResult, metric: Metric): string {
  const summary = summaryOf(result, contestant, metric);
  if (!summary) return contestant.rounds.some((round) => round.faults.length > 0) ? 'wrong' : '';
  const range = summary.rounds > 1 ? ` (${figure(summary.min)} to ${figure(summary.max)})` : '';
  const times = summary.timesFloor === undefined ? '' : ` ×${summary.timesFloor.toFixed(2)}`;
  return `${figure(summary.median)}${range}${times}`;
}

function loadCell(contestant: ContestantResult): string {
  if (contestant.rounds.every((round) => round.load.cpuShare === 0)) return '';
  const share = Math.max(...contestant.rounds.map((round) => round.load.cpuShare));
  const lag = Math.max(...contestant.rounds.map((round) => round.load.lagP99Ms));
  return `${Math.round(share * 100)} %, ${figure(lag)} ms`;
}

function notes(result: ScenarioResult): string[] {
  const lines = result.contestants.flatMap((contestant) => {
    const faults = [...new Set(contestant.rounds.flatMap((round) => round.faults))];
    const busy = !contestant.insideLoad && contestant.rounds.some((round) => round.load.cpuShare > BUSY_SHARE);
    return [
      ...faults.map((fault) => `- **wrong**, ${contestant.contestant}: ${fault}`),
      ...(busy
        ? [`- ${contestant.contestant}: a load generator was near its limit; the contestant may be faster.`]
        : []),
    ];
  });
  return lines.length > 0 ? ['', ...lines] : [];
}

function targetsSection(judgements: readonly Judgement[]): string[] {
  const rows = judgements.map(({ target, value, verdict }) => [
    target.what,
    `${target.is} ${target.limit} ${target.unit}`,
    Number.isNaN(value) ? '' : `${figure(value)} ${target.unit}`,
    verdict,
  ]);
  return ['', '## Targets', '', ...table(['what', 'target', 'measured', 'verdict'], rows)];
}

function table(columns: string[], rows: string[][]): string[] {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)];
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** Three significant digits, without an exponent. */
export function figure(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  if (value === 0) return '0';
  if (Math.abs(value) < LEAST) return `<${LEAST}`;
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 3));
}
