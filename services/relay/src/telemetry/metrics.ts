// The metrics of one pod: its registry, and what adds to it while it happens. What the core counts by itself is read
// when somebody scrapes: pod-readings.ts.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type CounterKey, type GaugeKey, type HistogramKey, METRICS, type MetricKey } from './metric-table.ts';

type Instruments = { [K in CounterKey]: Counter } & { [K in GaugeKey]: Gauge } & { [K in HistogramKey]: Histogram };

export type Metrics = Instruments & {
  /** Called before each scrape. */
  onScrape(read: () => void): void;
  /** Everything, in the text format of Prometheus. */
  text(): Promise<string>;
  readonly contentType: string;
  readonly registry: Registry;
  close(): void;
};

/** `process`: the figures of Node itself, too (`process_…`, `nodejs_…`). */
export function createMetrics({ process = false } = {}): Metrics {
  const registry = new Registry();
  const instruments: Record<string, Counter | Gauge | Histogram> = {};
  for (const [key, row] of Object.entries(METRICS)) {
    const { name, help, labels } = row;
    const common = { name, help, labelNames: Object.keys(labels), registers: [registry] };
    if (row.kind === 'counter') instruments[key] = new Counter(common);
    else if (row.kind === 'gauge') instruments[key] = new Gauge(common);
    else instruments[key] = new Histogram({ ...common, buckets: [...row.buckets] });
  }
  // Series that are there from the beginning, at 0: a rate over something that begins at 1 sees nothing.
  for (const key of Object.keys(METRICS) as MetricKey[]) startAtZero(key, instruments[key] as Counter | Gauge);
  (instruments.redisUp as Gauge).remove();
  if (process) collectDefaultMetrics({ register: registry });
  const readers: (() => void)[] = [];
  return {
    ...(instruments as Instruments),
    registry,
    contentType: registry.contentType,
    onScrape: (read) => readers.push(read),
    text() {
      for (const read of readers) read();
      return registry.metrics();
    },
    close() {
      readers.length = 0;
      registry.clear();
    },
  };
}

/** All combinations of labels whose values the table lists. */
function startAtZero(key: MetricKey, instrument: Counter | Gauge | Histogram): void {
  const labels = Object.entries(METRICS[key].labels as Record<string, readonly string[] | string>);
  if (labels.length === 0 || !labels.every(([, values]) => typeof values !== 'string')) return;
  let combinations: Record<string, string>[] = [{}];
  for (const [label, values] of labels) {
    combinations = combinations.flatMap((before) => [...values].map((value) => ({ ...before, [label]: value })));
  }
  for (const combination of combinations) {
    if (instrument instanceof Histogram) instrument.zero(combination);
    else instrument.inc(combination, 0);
  }
}
