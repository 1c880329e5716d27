// The test run: chosen steps one after the other, those beside them that can be, their real servers, and the closing line.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Services, startServices } from '../../test/services/services.ts';
import { root } from '../setup/pinned-node.mjs';
import { type Progress, seconds, startProgress, style } from '../setup/progress.mjs';
import { Warden } from '../warden.ts';
import { closingLine, failedOnce, type Outcome, total } from './outcome.ts';
import { endSteps } from './step-process.ts';
import { type Selection, type Step, steps } from './steps.ts';
import { keepTemporaryFilesInMemory } from './temporary-files.ts';
import { provideTerminalPrograms } from './terminal-programs.ts';

const started = Date.now();
const warden = new Warden();
const outcomes: Outcome[] = [];
const removeTemporaryFiles = keepTemporaryFilesInMemory(warden);
let services: Services | undefined;
let progress: Progress | undefined;
let ending = false;

const say = (line: string) => (progress ? progress.say(`  ${style.dim(line)}`) : console.log(`  ${style.dim(line)}`));

/** Takes everything down and closes with the line that machines read. Nothing is printed after it. */
const finish = async (exitCode?: number): Promise<never> => {
  ending = true;
  await endSteps();
  await services?.stop();
  removeTemporaryFiles();
  warden.leave();
  const sum = total(outcomes);
  const skipped = sum.skipped > 0 ? `, ${sum.skipped} skipped` : '';
  const second = sum.second > 0 ? `, ${sum.second} passed at the second attempt only` : '';
  console.log(
    style.dim(
      `\n${outcomes.length} ${outcomes.length === 1 ? 'step' : 'steps'} in ${seconds(Date.now() - started)}${skipped}${second}`,
    ),
  );
  console.log(closingLine(sum));
  process.exit(exitCode ?? (sum.failed > 0 ? 1 : 0));
};

const interrupted = () => {
  if (ending) return;
  progress?.fail('interrupted');
  outcomes.push(failedOnce('interrupted'));
  void finish(130);
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupted);

/** The steps that hold a file whose path contains one of `paths`. */
const stepsWith = (paths: readonly string[]): Step[] => {
  const list = [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'list', ...paths, '--filesOnly', '--json'];
  const { stdout, stderr } = spawnSync(process.execPath, list, { cwd: root, encoding: 'utf8' });
  const start = stdout.indexOf('[');
  if (start < 0) throw new Error(`vitest could not list its files:\n${stderr || stdout}`);
  const files = JSON.parse(stdout.slice(start)) as { projectName: string }[];
  const projects = new Set(files.map((file) => file.projectName));
  return steps.filter((step) => projects.has(step.name));
};

const choose = (): { chosen: readonly Step[]; selection: Selection } => {
  const { values, positionals } = parseArgs({
    options: { testNamePattern: { type: 'string', short: 't' } },
    allowPositionals: true,
  });
  const named = steps.filter((step) => positionals.includes(step.name));
  const paths = positionals.filter((text) => !steps.some((step) => step.name === text));
  const selection = { paths, name: values.testNamePattern };
  if (named.length > 0) return { chosen: named, selection };
  if (paths.length > 0) return { chosen: stepsWith(paths), selection };
  const usual = steps.filter((step) => !step.onDemand);
  if (selection.name !== undefined) return { chosen: usual.filter((step) => step.hasFiles), selection };
  return { chosen: usual, selection };
};

/** Real servers, once for all steps; a failure is told by every step that needed them. */
const provideServices = async (): Promise<void> => {
  if (services) return;
  await provideTerminalPrograms(say);
  services = await startServices(say);
  process.env.TEST_REDIS_URL = services.redis.url;
  process.env.TEST_DATABASE_URL = services.postgres.url;
};

const countsOf = ({ passed, failed, skipped, second }: Outcome): string => {
  const parts = [`${passed} passed`];
  if (failed > 0) parts.push(style.red(`${failed} failed`));
  if (skipped > 0) parts.push(style.yellow(`${skipped} skipped`));
  if (second > 0) parts.push(style.yellow(`${second} of them at the second attempt only`));
  return parts.join(', ');
};

/** A step that has begun. What it says of itself is shown once it is its turn. */
interface Begun {
  readonly at: number;
  detail: string;
  shown: Progress | undefined;
  readonly outcome: Promise<Outcome>;
}

const early = new Map<Step, Begun>();

const begin = (step: Step, selection: Selection): Begun => {
  const seen: Omit<Begun, 'outcome'> = { at: Date.now(), detail: '', shown: undefined };
  const update = (text: string) => {
    seen.detail = text;
    seen.shown?.update(text);
  };
  const run = async () => {
    if (step.needsServices) await provideServices();
    return step.run(selection, { update }, warden);
  };
  const outcome = run().catch((error) => failedOnce(error instanceof Error ? error.message : String(error)));
  return Object.assign(seen, { outcome });
};

const runOne = async (step: Step, selection: Selection): Promise<void> => {
  const begun = early.get(step) ?? begin(step, selection);
  progress = startProgress(step.name.padEnd(12), begun.at);
  begun.shown = progress;
  progress.update(begun.detail);
  const outcome = await begun.outcome;
  if (ending) return;
  outcomes.push(outcome);
  if (outcome.failed > 0) progress.fail(countsOf(outcome));
  else progress.done(countsOf(outcome));
  progress = undefined;
  if (outcome.report) console.log(`\n${outcome.report.replace(/^/gm, '  ')}\n`);
};

const { chosen, selection } = (() => {
  try {
    return choose();
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\nSee npm test -- --help.`);
    outcomes.push(failedOnce(''));
    return { chosen: [], selection: { paths: [], name: undefined } };
  }
})();
if (chosen.length === 0 && outcomes.length === 0) {
  console.error(`No test matches ${selection.paths.join(' ')}.`);
  outcomes.push(failedOnce(''));
}

console.log(style.dim(`Node ${process.version}\n`));
for (const step of chosen) if (step.early) early.set(step, begin(step, selection));
for (const step of chosen) {
  if (!ending) await runOne(step, selection);
}
if (!ending) await finish();
