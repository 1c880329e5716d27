// A small made-up run for the tests of the report.
import type { ContestantResult, Results, RoundResult } from './results.ts';

export function round(metrics: Record<string, number>, faults: string[] = []): RoundResult {
  return { metrics, faults, load: { cpuShare: 0.1, loopShare: 0.1, lagP99Ms: 0.5 } };
}

export function contestant(
  name: string,
  rounds: RoundResult[],
  more: Partial<ContestantResult> = {},
): ContestantResult {
  return { contestant: name, what: name, underTest: false, insideLoad: false, rounds, ...more };
}

export function results(contestants: ContestantResult[]): Results {
  return {
    header: {
      takenAt: '2026-01-02T03:04:05.000Z',
      commit: '0123456789abcdef',
      dirty: false,
      cpu: 'a processor',
      cores: 2,
      memoryGiB: 8,
      system: 'linux 6.1 x64',
      node: 'v24.0.0',
      redis: '7.0.0',
      loadBefore: 0.1,
      mode: 'quick',
      seed: 1,
    },
    scenarios: [
      {
        scenario: 'echo',
        what: 'keystroke to echo',
        metrics: [{ name: 'p50', unit: 'ms', better: 'less' }],
        contestants,
      },
    ],
  };
}
