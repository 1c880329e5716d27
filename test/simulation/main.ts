// The simulation from the command line: `--from N --count N`, or `--seed N` for one seed, shrunk, with its trace.
import { attempt, explore, shrink } from './explore.ts';
import { describe, scheduleOf } from './schedule.ts';

const args = process.argv.slice(2);
const option = (name: string, fallback: number): number => {
  const at = args.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(args[at + 1]);
};

if (args.includes('--seed')) {
  const schedule = scheduleOf(option('seed', 0));
  const failed = attempt(schedule);
  const small = failed === null ? { schedule, failure: 'passed' } : shrink(schedule, failed);
  const trace: string[] = [];
  attempt(small.schedule, trace);
  process.stdout.write(`${trace.join('\n')}\n${describe(small.schedule)}\n${small.failure}\n`);
  process.exitCode = failed === null ? 0 : 1;
} else {
  const started = performance.now();
  const { passed, failures } = explore(option('from', 0), option('count', 2_000));
  for (const failure of failures) process.stdout.write(`${failure}\n`);
  const seconds = (performance.now() - started) / 1000;
  process.stdout.write(`${seconds.toFixed(1)} s\n${passed} passed, ${failures.length} failed\n`);
  process.exitCode = failures.length > 0 ? 1 : 0;
}
