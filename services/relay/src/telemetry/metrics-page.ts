// docs/metrics.md, made from the table.
import { METRICS, type MetricRow } from './metric-table.ts';

const UNIT_WORDS = { counter: 'only grows', gauge: 'goes up and down', histogram: 'buckets, sum and count' } as const;

export function metricsPage(): string {
  const rows = Object.values(METRICS) as MetricRow[];
  return `# Metrics

<!-- Made from services/relay/src/telemetry/metric-table.ts: npm run docs -->

Each relay pod serves its metrics in the text format of Prometheus at \`/metrics\` on \`METRICS_PORT\`, a port of its
own that no ingress should lead to; without \`METRICS_PORT\` it serves none. Scrape every pod, not the service in front
of them. The dashboards and alert rules in [\`deploy/grafana/\`](../deploy/grafana/) are made of these metrics and of
nothing else, and what to do when an alert fires is in [operations](operations.md).

No label holds the id of a machine, a session or a user, so the number of series is bounded: about 400 for each pod.
Who is where can be seen in Redis (\`hermit presence\`, [redis](redis.md)) and in the [logs](logs.md).

Seconds and bytes are what Prometheus prefers. A counter begins at 0 when a pod starts: use \`rate()\` or
\`increase()\`.

| metric | kind | labels | what it says |
|---|---|---|---|
${rows.map(rowOf).join('\n')}

${Object.entries(UNIT_WORDS)
  .map(([kind, words]) => `A ${kind} ${words}.`)
  .join(' ')} Buckets, in seconds:

${rows
  .filter(({ buckets }) => buckets)
  .map(({ name, buckets }) => `- \`${name}\`: ${buckets?.join(', ')}`)
  .join('\n')}

Beside them are the figures of the process, as every Node program has them. Those that matter here:

| metric | what it says |
|---|---|
| \`nodejs_eventloop_lag_p99_seconds\` | how long the pod stood still, at worst in 99 of 100 cases, since the last scrape |
| \`process_cpu_seconds_total\` | a pod is one core: its rate near 1 means full |
| \`process_resident_memory_bytes\` | memory |
| \`process_open_fds\`, \`process_max_fds\` | each connection is one |
`;
}

function rowOf({ name, kind, labels = {}, help }: MetricRow): string {
  const cells = Object.entries(labels).map(([label, values]) =>
    typeof values === 'string'
      ? `\`${label}\`: ${values}`
      : `\`${label}\`: ${values.map((v) => `\`${v}\``).join(', ')}`,
  );
  return `| \`${name}\` | ${kind} | ${cells.join('; ')} | ${help} |`;
}
