// Every alert rule fires when it should, does not before, and has a page that says what to do.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { promtool, RULES } from './prometheus.ts';

const manual = await readFile(new URL('../../../docs/operations.md', import.meta.url), 'utf8');

type Rule = { alert: string; expr: string; labels: { severity: string }; annotations: Record<string, string> };
const groups = (parse(await readFile(RULES, 'utf8')) as { groups: { rules: Rule[] }[] }).groups;
const rules = groups.flatMap((group) => group.rules);

const POD = 'job="hermit", instance="a"';
const INFO = { [`hermit_pod_info{${POD}, pod="relay-0"}`]: '1x60' };
/** So many in each of the 60 minutes. */
const each = (amount: number) => `0+${amount}x60`;
/** Nothing for ten minutes, then so many in each. */
const from10 = (amount: number) => `0x10 0+${amount}x50`;

/** Seconds of a histogram: `many` observations a minute, all between the two bounds. */
function histogram(name: string, above: number, upTo: number, many: number, labels = POD): Record<string, string> {
  const bucket = (le: string, amount: number) => ({ [`${name}_bucket{${labels}, le="${le}"}`]: each(amount) });
  return {
    ...bucket(`${above}`, 0),
    ...bucket(`${upTo}`, many),
    ...bucket('+Inf', many),
    [`${name}_count{${labels}}`]: each(many),
  };
}

/** What makes each alert fire at minute 40; beside it the pod is healthy, unless this is all there is. */
const CAUSES: Record<string, { series: Record<string, string>; alone?: true }> = {
  HermitNoPods: { series: {}, alone: true },
  HermitPodDown: {
    series: {
      [`up{${POD}}`]: '1x30 0x30',
      [`hermit_pod_info{${POD}, pod="relay-0"}`]: '1x30 _x30',
      'hermit_pod_info{job="hermit", instance="b"}': '1x60',
    },
    alone: true,
  },
  HermitMachinesLost: { series: { [`hermit_machines{${POD}}`]: '100x34 50x26' } },
  HermitServerErrors: {
    series: {
      [`hermit_http_request_seconds_count{${POD}, route="/api/machines", status="2xx"}`]: each(90),
      [`hermit_http_request_seconds_count{${POD}, route="/api/machines", status="5xx"}`]: from10(10),
      [`hermit_http_request_seconds_count{${POD}, route="/readyz", status="2xx"}`]: each(9_000),
    },
  },
  HermitFaults: { series: { [`hermit_log_lines_total{${POD}, level="error"}`]: '0x35 1x25' } },
  HermitDrainStuck: { series: { [`hermit_draining{${POD}}`]: '0x20 1x40' } },
  HermitRedisDown: { series: { [`hermit_redis_up{${POD}}`]: '1x30 0x30' } },
  HermitRedisSlow: { series: histogram('hermit_redis_command_seconds', 0.1, 0.25, 600) },
  HermitSubscriptionSilent: { series: { [`hermit_redis_rebuilds_total{${POD}}`]: '0x35 1x25' } },
  HermitMessagesLost: { series: { [`hermit_bus_lost_total{${POD}}`]: from10(60) } },
  HermitPostgresUnreachable: { series: { [`hermit_postgres_errors_total{${POD}, reason="unreachable"}`]: from10(1) } },
  HermitPostgresSlow: { series: histogram('hermit_postgres_query_seconds', 0.5, 1, 600) },
  HermitEchoSlow: { series: histogram('hermit_echo_latency_seconds', 0.25, 0.5, 60, `${POD}, path="redis"`) },
  HermitCatchUps: {
    series: {
      [`hermit_catch_ups_total{${POD}, cause="gap"}`]: from10(120),
      [`hermit_attachments{${POD}, state="live"}`]: '10x60',
    },
  },
  HermitHistoryLost: { series: { [`hermit_history_lost_total{${POD}}`]: from10(5) } },
  HermitRegistrationsRefused: { series: { [`hermit_registrations_total{${POD}, result="refused"}`]: from10(60) } },
  HermitOwnershipFlapping: { series: { [`hermit_ownership_lost_total{${POD}}`]: from10(2) } },
  HermitLoginsRejected: { series: { [`hermit_logins_total{${POD}, kind="login", result="rejected"}`]: from10(120) } },
  HermitEventLoopBlocked: { series: { [`nodejs_eventloop_lag_p99_seconds{${POD}}`]: '0.02x10 0.4x50' } },
  HermitPodFull: { series: { [`process_cpu_seconds_total{${POD}}`]: from10(57) } },
  HermitFileDescriptors: {
    series: { [`process_open_fds{${POD}}`]: '100x10 900x50', [`process_max_fds{${POD}}`]: '1000x60' },
  },
};

/** A pod with nothing to complain about. */
const HEALTHY: Record<string, string> = {
  ...INFO,
  [`up{${POD}}`]: '1x60',
  [`hermit_machines{${POD}}`]: '100x60',
  [`hermit_attachments{${POD}, state="live"}`]: '40x60',
  [`hermit_redis_up{${POD}}`]: '1x60',
  [`hermit_draining{${POD}}`]: '0x60',
  [`hermit_log_lines_total{${POD}, level="error"}`]: '0x60',
  [`hermit_redis_rebuilds_total{${POD}}`]: '0x60',
  [`hermit_bus_lost_total{${POD}}`]: '0x60',
  [`hermit_postgres_errors_total{${POD}, reason="unreachable"}`]: '0x60',
  [`hermit_catch_ups_total{${POD}, cause="gap"}`]: each(1),
  [`hermit_history_lost_total{${POD}}`]: each(1),
  [`hermit_registrations_total{${POD}, result="refused"}`]: each(1),
  [`hermit_logins_total{${POD}, kind="login", result="rejected"}`]: each(2),
  [`hermit_ownership_lost_total{${POD}}`]: '0x60',
  [`hermit_http_request_seconds_count{${POD}, route="/api/machines", status="2xx"}`]: each(100),
  [`hermit_http_request_seconds_count{${POD}, route="/readyz", status="5xx"}`]: each(10),
  [`nodejs_eventloop_lag_p99_seconds{${POD}}`]: '0.012x60',
  [`process_cpu_seconds_total{${POD}}`]: each(12),
  [`process_open_fds{${POD}}`]: '300x60',
  [`process_max_fds{${POD}}`]: '1000x60',
  ...histogram('hermit_redis_command_seconds', 0.0005, 0.001, 600),
  ...histogram('hermit_postgres_query_seconds', 0.001, 0.0025, 600),
  ...histogram('hermit_echo_latency_seconds', 0.005, 0.01, 600, `${POD}, path="redis"`),
};

const FIRING = 'count by (alertname) (ALERTS{alertstate="firing"})';

/** Runs scenarios of promtool; each names what fires at which minute. */
async function tryRules(
  scenarios: { name: string; series: Record<string, string>; fires: Record<number, string[]> }[],
) {
  const directory = await mkdtemp(join(tmpdir(), 'hermit-alerts-'));
  try {
    const file = join(directory, 'test.yaml');
    const tests = scenarios.map(({ name, series, fires }) => ({
      name,
      interval: '1m',
      input_series: Object.entries(series).map(([at, values]) => ({ series: at, values })),
      promql_expr_test: Object.entries(fires).map(([minute, names]) => ({
        expr: FIRING,
        eval_time: `${minute}m`,
        exp_samples: names.map((alertname) => ({ labels: `{alertname="${alertname}"}`, value: 1 })),
      })),
    }));
    await writeFile(file, JSON.stringify({ rule_files: [RULES], evaluation_interval: '1m', tests }));
    return await promtool('test', 'rules', file);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

test('the rules are well formed', async () => {
  expect(await promtool('check', 'rules', RULES)).toContain(`${rules.length} rules found`);
});

test('each has a cause here, a severity, words for people, and a place in the manual', async () => {
  expect(rules.map(({ alert }) => alert).sort()).toEqual(Object.keys(CAUSES).sort());
  for (const { alert, labels, annotations } of rules) {
    expect(['critical', 'warning', 'info']).toContain(labels.severity);
    expect(Object.keys(annotations).sort()).toEqual(['description', 'runbook_url', 'summary']);
    expect(annotations.runbook_url).toBe(`docs/operations.md#${alert.toLowerCase()}`);
    expect(manual).toMatch(new RegExp(`^#+ ${alert}\\n\\n\\S`, 'm'));
    for (const [, used] of `${annotations.summary} ${annotations.description}`.matchAll(/\{\{(.*?)\}\}/g)) {
      expect(used?.trim()).toMatch(/^\$(labels\.(instance|path)|value( \| humanize(Duration|Percentage)?)?)$/);
    }
  }
});

test('a healthy pod is left in peace', async () => {
  await tryRules([{ name: 'healthy', series: HEALTHY, fires: { 5: [], 20: [], 40: [], 60: [] } }]);
});

test('each fires for its cause, alone, and not before', async () => {
  await tryRules(
    Object.entries(CAUSES).map(([alert, { series, alone }]) => ({
      name: alert,
      series: alone ? series : { ...healthyBut(series), ...series },
      fires: { ...(alert === 'HermitNoPods' ? {} : { 5: [] }), 40: [alert] } as Record<number, string[]>,
    })),
  );
});

test('what one installation suffers is not lost in a larger one beside it', async () => {
  const larger = {
    'hermit_machines{job="large", instance="z"}': '100000x60',
    'hermit_http_request_seconds_count{job="large", instance="z", route="/api/machines", status="2xx"}': each(1e6),
    'hermit_attachments{job="large", instance="z", state="live"}': '100000x60',
    ...histogram('hermit_echo_latency_seconds', 0.005, 0.01, 1e6, 'job="large", instance="z", path="redis"'),
  };
  const hidden = ['HermitMachinesLost', 'HermitServerErrors', 'HermitEchoSlow', 'HermitCatchUps'];
  await tryRules(
    hidden.map((alert) => {
      const series = CAUSES[alert]?.series ?? {};
      return { name: alert, series: { ...healthyBut(series), ...series, ...larger }, fires: { 40: [alert] } };
    }),
  );
});

/** What a healthy pod says of everything that is not its trouble. */
function healthyBut(series: Record<string, string>): Record<string, string> {
  const nameOf = (selector: string) => selector.split('{')[0];
  const told = new Set(Object.keys(series).map(nameOf));
  return Object.fromEntries(Object.entries(HEALTHY).filter(([selector]) => !told.has(nameOf(selector))));
}
