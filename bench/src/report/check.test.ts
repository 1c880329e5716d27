// The regression check: targets, tolerances, and what it does not let pass.
import { expect, test } from 'vitest';
import { CONTESTANTS } from '../contestants/roster.ts';
import { SCENARIOS } from '../scenarios/programme.ts';
import { TARGETS, type Target } from '../targets.ts';
import { failures, judge, verdictOn } from './check.ts';
import { contestant, results, round } from './sample-results.ts';

const target: Target = {
  what: 'echo p50',
  figure: { scenario: 'echo', contestant: 'hermit', metric: 'p50' },
  over: { scenario: 'echo', contestant: 'bare', metric: 'p50' },
  is: 'at most',
  limit: 1.5,
  unit: '×',
  tolerance: 0.1,
};

function judged(hermit: number, faults: string[] = [], baseline = {}) {
  const run = results([
    contestant('bare', [round({ p50: 2 })]),
    contestant('hermit', [round({ p50: hermit }, faults)], { underTest: true }),
  ]);
  const judgements = judge(run, [target]);
  return { verdict: judgements[0]?.verdict, failures: failures(run, judgements, false, baseline) };
}

test('a target is met up to its limit, tolerated a little beyond, and then missed', () => {
  expect(judged(3)).toEqual({ verdict: 'met', failures: [] });
  expect(judged(3.2)).toEqual({ verdict: 'within tolerance', failures: [] });
  expect(judged(3.4)).toEqual({ verdict: 'missed', failures: ['echo p50: 1.70 ×, at most 1.5'] });
});

test('a target that the run on record missed may be missed again, and not by more', () => {
  const baseline = { [target.what]: 2 };
  expect(judged(4.2, [], baseline)).toEqual({ verdict: 'missed', failures: [] });
  expect(judged(4.6, [], baseline).failures).toEqual(['echo p50: 2.30 ×, at most 1.5']);
});

test('a lower limit is missed from below', () => {
  const atLeast: Target = { ...target, is: 'at least' };
  expect([1.6, 1.5, 1.4, 1.3].map((value) => verdictOn(atLeast, value))).toEqual([
    'met',
    'met',
    'within tolerance',
    'missed',
  ]);
});

test('what must not happen at all has no tolerance', () => {
  const none: Target = { ...target, limit: 0, tolerance: 0 };
  expect([0, 0.000001].map((value) => verdictOn(none, value))).toEqual(['met', 'missed']);
});

test('a wrong answer is no measurement, and fails by itself', () => {
  const { verdict, failures: reasons } = judged(0.1, ['bytes differ']);
  expect(verdict).toBe('not measured');
  expect(reasons).toEqual(['echo p50: not measured', 'echo, hermit: bytes differ']);
});

test('what was not measured fails a whole run, and not one that was narrowed down', () => {
  const run = results([contestant('bare', [round({ p50: 2 })])]);
  const judgements = judge(run, [target]);
  expect(failures(run, judgements, false)).toEqual(['echo p50: not measured']);
  expect(failures(run, judgements, true)).toEqual([]);
});

test('a fault of a floor is shown and fails nothing', () => {
  const run = results([contestant('bare', [round({}, ['bytes lost'])])]);
  expect(failures(run, [], false)).toEqual([]);
});

test('every target names a scenario and a metric that exist, and floors that play in it', () => {
  for (const { what, figure, over } of TARGETS) {
    for (const one of over ? [figure, over] : [figure]) {
      const scenario = SCENARIOS.find(({ name }) => name === one.scenario);
      expect(
        scenario?.metrics(false).map(({ name }) => name),
        what,
      ).toContain(one.metric);
    }
    if (!over) continue;
    const floor = CONTESTANTS.find(({ name }) => name === over.contestant);
    const needs = SCENARIOS.find(({ name }) => name === over.scenario)?.needs ?? [];
    expect(
      needs.filter((need) => !floor?.abilities.has(need)),
      what,
    ).toEqual([]);
  }
});
