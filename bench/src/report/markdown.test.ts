// The report as people read it.
import { expect, test } from 'vitest';
import { figure, markdown } from './markdown.ts';
import { contestant, results, round } from './sample-results.ts';
import { summarise } from './summary.ts';

const floor = contestant('bare', [round({ p50: 1 }), round({ p50: 2 })]);

test('a cell holds median, extremes and the ratio to the floor', () => {
  const hermit = contestant('hermit', [round({ p50: 1.1 }), round({ p50: 2.4 })], { floor: 'bare' });
  const text = markdown(results([floor, hermit]), []);
  expect(text).toContain('| bare |  | 1.50 (1.00 to 2.00) | 10 %, 0.500 ms |');
  expect(text).toContain('| hermit | bare | 1.75 (1.10 to 2.40) ×1.15 | 10 %, 0.500 ms |');
  expect(text).toContain('commit 0123456789ab, quick run, seed 1');
  expect(text).toContain('Node v24.0.0, Redis 7.0.0');
});

test('a fast wrong answer has no figure', () => {
  const hermit = contestant('hermit', [round({ p50: 0.01 }, ['3 of 9 echoes never came'])], { floor: 'bare' });
  const text = markdown(results([floor, hermit]), []);
  expect(text).toContain('| hermit | bare | wrong |');
  expect(text).toContain('- **wrong**, hermit: 3 of 9 echoes never came');
  expect(text).not.toContain('0.010');
});

test('one wrong round among right ones is named, does not count, and leaves the others beside their neighbours', () => {
  const hermit = contestant('hermit', [round({ p50: 3 }), round({ p50: 0.01 }, ['wrong bytes'])], { floor: 'bare' });
  const run = results([floor, hermit]);
  expect(markdown(run, [])).toContain('**wrong**, hermit: wrong bytes');
  const summary = summarise(run.scenarios[0]!).find((one) => one.contestant === 'hermit');
  expect(summary).toMatchObject({ rounds: 1, min: 3, median: 3, max: 3, timesFloor: 3 });
});

test('a load generator near its limit is named, unless it is the contestant itself', () => {
  const busy = { ...round({ p50: 1 }), load: { cpuShare: 0.97, loopShare: 1, lagP99Ms: 9 } };
  const note = 'a load generator was near its limit';
  expect(markdown(results([contestant('bare', [busy])]), [])).toContain(`bare: ${note}`);
  expect(markdown(results([contestant('pty', [busy], { insideLoad: true })]), [])).not.toContain(note);
});

test('figures keep three digits and never an exponent', () => {
  expect([0, 0.00041, 0.264, 1.5, 12.34, 123.4, 1234.5].map(figure)).toEqual([
    '0',
    '<0.001',
    '0.264',
    '1.50',
    '12.3',
    '123',
    '1,235',
  ]);
});
