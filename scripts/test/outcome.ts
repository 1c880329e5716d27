// What became of a step, and how outcomes add up to the closing line.

export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Of those that passed: how many did at the second attempt alone. */
  readonly second: number;
  /** What to read when something failed; empty otherwise. */
  readonly report: string;
}

export const passedOnce: Outcome = { passed: 1, failed: 0, skipped: 0, second: 0, report: '' };
export const failedOnce = (report: string): Outcome => ({ passed: 0, failed: 1, skipped: 0, second: 0, report });

export const total = (outcomes: readonly Outcome[]): Outcome =>
  outcomes.reduce(
    (sum, one) => ({
      passed: sum.passed + one.passed,
      failed: sum.failed + one.failed,
      skipped: sum.skipped + one.skipped,
      second: sum.second + one.second,
      report: '',
    }),
    { passed: 0, failed: 0, skipped: 0, second: 0, report: '' },
  );

/** The last line of a run, which machines read: its form is fixed. */
export const closingLine = ({ passed, failed }: Outcome): string => `${passed} passed, ${failed} failed`;
