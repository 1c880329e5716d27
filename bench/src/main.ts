// The benchmark's process: arguments, signals, what is written where, exit code.
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { CONTESTANTS } from './contestants/roster.ts';
import { type Header, readHeader } from './machine/header.ts';
import { Processes } from './machine/processes.ts';
import { redisVersion } from './machine/redis.ts';
import { helpText, type Options, parseOptions } from './options.ts';
import { type Baseline, failures, type Judgement, judge } from './report/check.ts';
import { markdown } from './report/markdown.ts';
import { progressTo } from './report/progress.ts';
import { summarise } from './report/summary.ts';
import { run } from './run.ts';
import { SCENARIOS } from './scenarios/programme.ts';
import { TARGETS } from './targets.ts';

/** What the run on record reached, as ratios to its floors; `--save-baseline` writes it, `--check` reads it. */
const BASELINE = new URL('../baseline.json', import.meta.url);
/** Exit codes: 1 for a missed target, 2 for a run that could not be made. */
const MISSED = 1;
const UNABLE = 2;

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2), SCENARIOS, CONTESTANTS);
  if (options.help) {
    process.stdout.write(helpText(SCENARIOS, CONTESTANTS));
    return;
  }
  const redis = await redisVersion();
  const header = readHeader({ redis, mode: options.quick ? 'quick' : 'full', seed: options.seed });
  const processes = new Processes();
  const progress = progressTo(process.stderr);
  endWith(processes);
  try {
    const results = { header, scenarios: await run(options, processes, progress) };
    progress.done();
    await report(options, results);
  } finally {
    await processes.stopAll();
  }
}

async function report(options: Options, results: Parameters<typeof judge>[0]): Promise<void> {
  const judgements = judge(results, TARGETS);
  const text = markdown(results, judgements);
  process.stdout.write(text);
  if (options.markdown) await writeFile(options.markdown, text);
  const summaries = results.scenarios.flatMap(summarise);
  if (options.json)
    await writeFile(options.json, `${JSON.stringify({ ...results, summaries, judgements }, null, 2)}\n`);
  if (options.saveBaseline) await saveBaseline(results.header, judgements);
  if (!options.check) return;
  const reasons = failures(results, judgements, options.partial, await readBaseline());
  for (const reason of reasons) process.stderr.write(`missed: ${reason}\n`);
  if (reasons.length > 0) process.exitCode = MISSED;
}

/** Nothing where no run is on record yet: then targets alone count. */
async function readBaseline(): Promise<Baseline> {
  if (!existsSync(BASELINE)) return {};
  const { reached } = JSON.parse(await readFile(BASELINE, 'utf8')) as { reached: Baseline };
  return reached;
}

async function saveBaseline({ takenAt, commit, mode }: Header, judgements: readonly Judgement[]): Promise<void> {
  const figures = judgements.filter(({ value }) => !Number.isNaN(value));
  const reached = Object.fromEntries(figures.map(({ target, value }) => [target.what, Number(value.toPrecision(3))]));
  await writeFile(BASELINE, `${JSON.stringify({ takenAt, commit, mode, reached }, null, 2)}\n`);
}

/** However this process ends, nothing that it started stays. */
function endWith(processes: Processes): void {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.once(signal, () => {
      processes.killAll();
      process.exit(code);
    });
  }
  process.once('exit', () => processes.killAll());
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(UNABLE);
});
