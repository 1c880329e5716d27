// The command line of the benchmark.
import { parseArgs } from 'node:util';
import type { Contestant } from './contestants/contestant.ts';
import type { Scenario } from './scenarios/scenario.ts';

export interface Options {
  help: boolean;
  quick: boolean;
  check: boolean;
  saveBaseline: boolean;
  json?: string;
  markdown?: string;
  seed: number;
  /** Counted rounds of every scenario, instead of its own number. */
  rounds?: number;
  scenarios: readonly Scenario[];
  contestants: readonly Contestant[];
  /** Whether names narrowed the run down. */
  partial: boolean;
}

const DEFAULT_SEED = 5;

/** Throws an Error with a sentence for people when an argument is not understood. */
export function parseOptions(
  args: string[],
  scenarios: readonly Scenario[],
  contestants: readonly Contestant[],
): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      quick: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      'save-baseline': { type: 'boolean', default: false },
      json: { type: 'string' },
      markdown: { type: 'string' },
      rounds: { type: 'string' },
      seed: { type: 'string', default: String(DEFAULT_SEED) },
    },
  });
  const seed = wholeNumber('seed', values.seed);
  const rounds = values.rounds === undefined ? undefined : wholeNumber('rounds', values.rounds);
  if (rounds === 0) throw new Error('--rounds takes at least 1.');
  const known = new Set([...scenarios, ...contestants].map(({ name }) => name));
  const unknown = positionals.filter((name) => !known.has(name));
  if (unknown.length > 0)
    throw new Error(`Nothing is called ${unknown.join(', ')}. There are: ${[...known].join(', ')}.`);
  const { help, quick, check, json, markdown } = values;
  const chosen = { scenarios: narrowed(scenarios, positionals), contestants: narrowed(contestants, positionals) };
  return {
    help,
    quick,
    check,
    saveBaseline: values['save-baseline'],
    json,
    markdown,
    seed,
    rounds,
    ...chosen,
    partial: positionals.length > 0,
  };
}

function wholeNumber(option: string, text: string): number {
  const number = Number(text);
  if (text !== '' && Number.isSafeInteger(number) && number >= 0) return number;
  throw new Error(`--${option} takes a whole number, not "${text}".`);
}

/** Those that are named; all when none of this kind is named. */
function narrowed<T extends { name: string }>(all: readonly T[], names: string[]): readonly T[] {
  const named = all.filter(({ name }) => names.includes(name));
  return named.length > 0 ? named : all;
}

export function helpText(scenarios: readonly Scenario[], contestants: readonly Contestant[]): string {
  const list = (items: readonly { name: string; what: string }[]) =>
    items.map(({ name, what }) => `  ${name.padEnd(18)}${what}`).join('\n');
  return `Usage: npm run bench -- [options] [NAME...]

Measures Hermit beside floors: the least that its parts could cost. Without a NAME
everything is measured; names of scenarios and of contestants narrow it down.

Options:
  --quick           fewer and shorter rounds, under three minutes
  --json FILE       write every round as JSON
  --markdown FILE   write the report to FILE as well as to standard output
  --check           exit with 1 when a target is missed by more than its tolerance, and the run on record missed it by less
  --save-baseline   make this the run on record (bench/baseline.json)
  --rounds N        counted rounds of every scenario, instead of its own number
  --seed N          seed of contents and jitter (default ${DEFAULT_SEED})
  -h, --help        this text

Scenarios:
${list(scenarios)}

Contestants:
${list(contestants)}

Needs redis-server on PATH: each contestant gets a server of its own. BENCH_REDIS_URL
names a running one instead, which all then share (its CPU includes everybody's).
Results mean something on a machine that does nothing else.
`;
}
