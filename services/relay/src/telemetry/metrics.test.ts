// Names and units as Prometheus wants them, and labels whose values are bounded.
import { expect, test } from 'vitest';
import { METRICS, type MetricRow } from './metric-table.ts';
import { createMetrics } from './metrics.ts';

const rows = Object.values(METRICS) as MetricRow[];

test.each(rows)('$name is named by the conventions', ({ name, kind, help, buckets }) => {
  expect(name).toMatch(/^hermit_[a-z]+(_[a-z]+)*$/);
  expect(name.endsWith('_total')).toBe(kind === 'counter');
  expect(name).not.toMatch(/_(ms|millis|milliseconds|kb|mb|count|sum|bucket)(_|$)/);
  expect(help).toMatch(/^\S.*\.$/);
  expect(kind === 'histogram').toBe(buckets !== undefined);
  for (const [n, bucket] of (buckets ?? []).entries()) expect(bucket).toBeGreaterThan(buckets?.[n - 1] ?? 0);
});

test('no two have one name', () => {
  expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
});

test('no label names a machine, a session or a user', () => {
  const labels = rows.flatMap((row) => Object.keys(row.labels ?? {}));
  expect(labels.filter((label) => /machine|session|user|client|attachment|email|ip/.test(label))).toEqual([]);
});

test('series whose labels are listed are there from the beginning, at zero', async () => {
  const text = await createMetrics().text();
  expect(text).toContain('hermit_catch_ups_total{cause="gap"} 0');
  expect(text).toContain('hermit_echo_latency_seconds_count{path="redis"} 0');
  expect(text).toContain('hermit_registrations_total{result="refused"} 0');
  expect(text).not.toMatch(/^hermit_redis_up \d/m);
});
