// Runs schedules, and shrinks those that fail to the fewest faults that still fail in the same property.
import './small-limits.ts';
import { describe, type Schedule, scheduleOf } from './schedule.ts';
import { System } from './system.ts';
import { Violation } from './world/world.ts';

/** What failed, or null. */
export function attempt(schedule: Schedule, trace: string[] | null = null): string | null {
  try {
    new System(schedule, trace).run();
    return null;
  } catch (error) {
    if (error instanceof Violation) return error.message;
    return `crash: ${error instanceof Error ? error.stack : String(error)}`;
  }
}

export function shrink(schedule: Schedule, failure: string): { schedule: Schedule; failure: string } {
  let best = schedule;
  let message = failure;
  for (let again = true; again; ) {
    again = false;
    for (let i = 0; i < best.faults.length; i++) {
      const fewer = { ...best, faults: best.faults.filter((_, j) => j !== i) };
      const failed = attempt(fewer);
      if (failed === null || failed.slice(0, 2) !== message.slice(0, 2)) continue;
      best = fewer;
      message = failed;
      again = true;
      break;
    }
  }
  return { schedule: best, failure: message };
}

type Findings = { passed: number; failures: string[] };

/** Schedules `from` to `from + count - 1`. The first ten failures are shrunk. */
export function explore(from: number, count: number): Findings {
  let passed = 0;
  const failures: string[] = [];
  for (let seed = from; seed < from + count; seed++) {
    const schedule = scheduleOf(seed);
    const failed = attempt(schedule);
    if (failed === null) passed++;
    else if (failures.length < 10) {
      const small = shrink(schedule, failed);
      failures.push(`${describe(small.schedule)}\n    ${small.failure}`);
    } else failures.push(`${describe(schedule)}\n    ${failed}`);
  }
  return { passed, failures };
}
