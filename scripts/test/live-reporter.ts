// A vitest reporter that tells the process above, over its IPC channel, how the run goes and how it ended.
import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node';

export type RunMessage =
  | { kind: 'test'; state: 'passed' | 'failed' | 'skipped' }
  | { kind: 'end'; passed: number; failed: number; skipped: number; failures: readonly Failure[] };

/** A test that failed, or a file that did without any test of it failing. */
export type Failure = { readonly file: string; readonly test: string };

const tell = (message: RunMessage) => process.send?.(message);

/**
 * What failed without any test of it failing: a file that would not load, a hook. Its tests never ran, and vitest
 * calls them skipped; counted as one failure, lest a broken file look green.
 */
const failedWithoutTest = (module: TestModule): number => {
  const tests = [...module.children.allTests()];
  const failedSuite = (suite: TestSuite | TestModule) => suite.state() === 'failed' && suite.errors().length > 0;
  const broken = failedSuite(module) || [...module.children.allSuites()].some(failedSuite);
  const explained = tests.some((test) => test.result().state === 'failed');
  return module.state() === 'failed' && (broken || !explained) ? 1 : 0;
};

export default class LiveReporter implements Reporter {
  onTestCaseResult(test: TestCase): void {
    const { state } = test.result();
    if (state !== 'pending') tell({ kind: 'test', state });
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const states = modules.flatMap((module) => [...module.children.allTests()].map((test) => test.result().state));
    const count = (state: string) => states.filter((one) => one === state).length;
    const besides = modules.reduce((sum, module) => sum + failedWithoutTest(module), 0) + unhandledErrors.length;
    const failures = modules.flatMap((module) => {
      const file = module.relativeModuleId;
      const failed = [...module.children.allTests()].filter((test) => test.result().state === 'failed');
      const tests = failed.map((test) => ({ file, test: test.fullName }));
      return failedWithoutTest(module) ? [...tests, { file, test: '(the file itself)' }] : tests;
    });
    const counts = { passed: count('passed'), failed: count('failed') + besides, skipped: count('skipped') };
    tell({ kind: 'end', ...counts, failures });
  }
}
