// The steps of a test run, in their order.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { root } from '../setup/pinned-node.mjs';
import { type Progress, seconds } from '../setup/progress.mjs';
import type { Warden } from '../warden.ts';
import type { Failure, RunMessage } from './live-reporter.ts';
import { failedOnce, type Outcome, passedOnce } from './outcome.ts';
import { runStep, type StepRun } from './step-process.ts';

export interface Selection {
  /** Parts of paths; none: every file. */
  readonly paths: readonly string[];
  /** A pattern of test names. */
  readonly name: string | undefined;
}

export interface Step {
  readonly name: string;
  /** Real Redis and Postgres, and the programs that terminal tests run. */
  readonly needsServices: boolean;
  /** Whether paths select within it. */
  readonly hasFiles: boolean;
  /** Run when it is named alone: it needs more of a machine than the others. */
  readonly onDemand?: boolean;
  /** Begun with the run, beside the steps before it: it starts no servers, waits for nothing, and uses one core. */
  readonly early?: boolean;
  run(selection: Selection, progress: Pick<Progress, 'update'>, warden: Warden): Promise<Outcome>;
}

const minute = 60_000;
/** A soak runs for as long as it takes; within a day, all the same. */
const deadline = (milliseconds: number) => (process.env.HERMIT_SOAK ? 24 * 60 * minute : milliseconds);

const lateness = (run: StepRun): string =>
  run.lateBy === undefined ? '' : `\nStopped: it was not done after ${seconds(run.lateBy)}.`;
const wholeLog = (run: StepRun): string => `\nIts whole output is kept in ${run.log}`;

/** A program that passes or fails as one. */
const check = (name: string, program: string, argumentLists: () => readonly (readonly string[])[]): Step => ({
  name,
  needsServices: false,
  hasFiles: false,
  async run(_selection, _progress, warden) {
    for (const args of argumentLists()) {
      const run = await runStep(program, args, warden, { name, deadlineMs: 5 * minute });
      if (run.code !== 0) return failedOnce(`${run.output.trim()}${lateness(run)}`);
    }
    return passedOnce;
  },
});

/** Vitest tells the story twice: a line per file as it goes, then the failures in full. The latter is the report. */
const failures = (output: string): string => {
  const lines = output.split('\n');
  const start = lines.findIndex((line) => /^\s*⎯+ (Failed|Unhandled)/.test(stripVTControlCharacters(line)));
  return lines.slice(Math.max(0, start)).join('\n').trim();
};

/**
 * So many failures of real servers, browsers and clocks on a busy machine are tried once more, in files that run alone.
 * What passes then counts as passed, and is named as what it is; more of them are no accident.
 */
const SECOND_ATTEMPTS = 5;

type Counts = Pick<Outcome, 'passed' | 'failed' | 'skipped'>;
type Attempt = { counts: Counts; failures: readonly Failure[]; ended: boolean; run: StepRun };

const attempt = async (
  log: string,
  args: readonly string[],
  deadlineMs: number,
  warden: Warden,
  update: (counts: Counts) => void,
): Promise<Attempt> => {
  let counts = { passed: 0, failed: 0, skipped: 0 };
  let failures: readonly Failure[] = [];
  let ended = false;
  const onMessage = (message: unknown) => {
    const told = message as RunMessage;
    if (told.kind === 'test') counts[told.state]++;
    if (told.kind === 'end') {
      const { passed, failed, skipped } = told;
      counts = { passed, failed, skipped };
      failures = told.failures;
      ended = true;
    }
    update(counts);
  };
  const reporters = ['--reporter=default', '--reporter=./scripts/test/live-reporter.ts', '--silent=passed-only'];
  const options = { name: log, deadlineMs: deadline(deadlineMs), onMessage };
  const run = await runStep('vitest/vitest.mjs', ['run', ...reporters, ...args], warden, options);
  return { counts, failures, ended, run };
};

const outcomeOf = ({ counts, ended, run }: Attempt): Outcome => {
  const { passed, failed, skipped } = counts;
  if (run.code === 0 && ended && failed === 0) {
    if (passed > 0) return { ...counts, second: 0, report: '' };
    return { ...counts, failed: 1, second: 0, report: `No test ran: ${skipped} were skipped.${wholeLog(run)}` };
  }
  // Whatever else went wrong, a run that vitest itself calls failed is at least one failure.
  const atLeast = Math.max(1, ended ? failed : failed + 1);
  const report = `${failures(run.output)}${lateness(run)}${wholeLog(run)}`;
  return { ...counts, failed: atLeast, second: 0, report };
};

const tests = (name: string, deadlineMs: number, needsServices: boolean): Step => ({
  name,
  needsServices,
  hasFiles: true,
  async run(selection, progress, warden) {
    const named = selection.name === undefined ? [] : ['--testNamePattern', selection.name];
    const args = ['--project', name, ...named];
    const first = await attempt(name, [...args, ...selection.paths], deadlineMs, warden, ({ passed, failed }) =>
      progress.update(`${passed} passed${failed > 0 ? `, ${failed} failed` : ''}`),
    );
    const outcome = outcomeOf(first);
    const again = first.failures.length > 0 && first.failures.length === first.counts.failed && first.ended;
    if (!needsServices || !again || outcome.failed > SECOND_ATTEMPTS) return outcome;

    const files = [...new Set(first.failures.map(({ file }) => file))];
    const alone = ['--no-file-parallelism', ...files];
    const second = await attempt(`${name}-again`, [...args, ...alone], deadlineMs, warden, ({ passed }) =>
      progress.update(`${outcome.passed} passed, ${outcome.failed} failed and tried again: ${passed} passed`),
    );
    const { failed, report } = outcomeOf(second);
    if (failed > 0) return { ...outcome, report: `${outcome.report}\n\nAt the second attempt, alone:\n${report}` };
    const names = first.failures.map(({ file, test }) => `${file} > ${test}`).join('\n');
    const why = `Passed at the second attempt only, alone; the first is in ${first.run.log}\n${names}`;
    return { ...outcome, passed: outcome.passed + outcome.failed, failed: 0, second: outcome.failed, report: why };
  },
});

const typeProjects = () => {
  const projects = ['tsconfig.json', 'services/web/tsconfig.json', 'test/web/tsconfig.json'].filter((path) =>
    existsSync(join(root, path)),
  );
  return projects.map((path) => ['--noEmit', '--pretty', '-p', path]);
};

const architecture: Step = {
  ...tests('architecture', minute, false),
  hasFiles: false,
  // A rule that is kept or not: one, however many files it reads.
  async run(selection, progress, warden) {
    const outcome = await tests('architecture', minute, false).run({ ...selection, paths: [] }, progress, warden);
    return outcome.failed > 0 ? failedOnce(outcome.report) : passedOnce;
  },
};

export const steps: readonly Step[] = [
  check('types', 'typescript/bin/tsc', typeProjects),
  check('lint', '@biomejs/biome/bin/biome', () => [['check', '--error-on-warnings', '.']]),
  { ...tests('simulation', 20 * minute, false), early: true },
  architecture,
  tests('unit', 5 * minute, false),
  tests('contract', 10 * minute, true),
  tests('integration', 30 * minute, true),
  { ...tests('web', 20 * minute, true), onDemand: true },
];
