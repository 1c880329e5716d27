// What operators see of two pods at work: metrics in a real Prometheus, dashboards, rules, logs, Redis, the admin page.
import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { METRICS, type MetricRow } from '../../../services/relay/src/telemetry/metric-table.ts';
import { PASSWORD, type RelayPod } from '../kit/cluster.ts';
import { until } from '../kit/wait.ts';
import { BULK, FORGED, type Observed, observedCluster, PRINTED, TYPED, WRONG_PASSWORD } from './observed-cluster.ts';
import { Prometheus } from './prometheus.ts';

const GRAFANA = new URL('../../../deploy/grafana/', import.meta.url);

let observed: Observed;
beforeAll(async () => {
  observed = await observedCluster();
});
afterAll(() => observed?.[Symbol.asyncDispose]());

const [FIRST, SECOND] = [0, 1];
const pod = (at: number) => observed.cluster.pod(at);

type Scraped = Map<string, number>;
async function scrape(of: RelayPod): Promise<Scraped> {
  const answer = await fetch(observed.metricsOf(of));
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const lines = (await answer.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}
const value = (scraped: Scraped, series: string) => {
  const found = scraped.get(`hermit_${series}`);
  if (found === undefined) throw new Error(`there is no hermit_${series}`);
  return found;
};

describe('the counters', () => {
  test('agree with what was done: every byte that a viewer got is counted, by the way it came', async () => {
    const [a, b] = [await scrape(pod(FIRST)), await scrape(pod(SECOND))];
    const [here, there] = observed.viewers;
    expect(here.bytes).toBeGreaterThan(BULK);
    expect(value(a, 'delivered_bytes_total{path="local"}')).toBe(here.bytes);
    expect(value(a, 'delivered_bytes_total{path="redis"}')).toBe(0);
    expect(value(b, 'delivered_bytes_total{path="local"}')).toBe(0);
    // The client of the JSON encoding, too, has had all that was printed before it came, and its own echo.
    const json = value(b, 'delivered_bytes_total{path="redis"}') - there.bytes;
    expect(json).toBe(there.bytes);
    const frames = value(a, 'received_frames_total{from="agent"}');
    const headers = value(a, 'received_bytes_total{from="agent"}') - here.bytes;
    expect(headers).toBeGreaterThanOrEqual(32 * frames);
    expect(value(b, 'received_frames_total{from="agent"}')).toBe(0);
    expect(value(b, 'bus_bytes_total{direction="received"}')).toBeGreaterThan(BULK);
    expect(value(a, 'bus_lost_total') + value(b, 'bus_lost_total')).toBe(0);
  });

  test('agree with what was typed: by the way it went, and by nobody who only looks', async () => {
    const input = async (of: RelayPod, path: string) => value(await scrape(of), `input_bytes_total{path="${path}"}`);
    const all = () =>
      Promise.all([FIRST, SECOND].flatMap((at) => ['local', 'redis'].map((path) => input(pod(at), path))));
    // The key that began it, and what the client of the JSON encoding typed.
    const before = [0, 0, 0, '\r'.length + `${TYPED}\r`.length];
    expect(await all()).toEqual(before);
    const [here, there] = observed.viewers;
    const texts = [`typed here, äöü\r`, `typed there\r`] as const;
    here.type(texts[0]);
    await here.sees('typed here, äöü');
    there.type(texts[1]);
    await there.sees('typed there');
    const [local, redis] = texts.map((text) => Buffer.byteLength(text)) as [number, number];
    expect(await all()).toEqual([local, 0, 0, (before[3] ?? 0) + redis]);
    expect(value(await scrape(pod(SECOND)), 'input_frames_total{path="redis"}')).toBe(3);
  });

  test('agree on who is here', async () => {
    const [a, b] = [await scrape(pod(FIRST)), await scrape(pod(SECOND))];
    const both = (series: string) => [value(a, series), value(b, series)];
    expect(both('machines')).toEqual([1, 0]);
    expect(both('connections{kind="agent"}')).toEqual([1, 0]);
    expect(both('connections{kind="client"}')).toEqual([1, 1]);
    expect(both('attachments{state="live"}')).toEqual([1, 1]);
    expect(both('sessions{state="running"}')).toEqual([1, 0]);
    expect(both('registrations_total{result="registered"}')).toEqual([1, 0]);
    expect(both('registrations_total{result="refused"}')).toEqual([0, 1]);
    expect(both('authentications_total{result="accepted"}')).toEqual([1, 2]);
    expect(both('authentications_total{result="refused"}')).toEqual([0, 1]);
    expect(both('attaches_total')).toEqual([1, 2]);
    expect(both('bad_messages_total')).toEqual([0, 1]);
    expect(both('redis_up')).toEqual([1, 1]);
    expect(both('draining')).toEqual([0, 0]);
  });

  test('agree on log-ins', async () => {
    const a = await scrape(pod(FIRST));
    expect(value(a, 'logins_total{kind="register",result="ok"}')).toBe(1);
    expect(value(a, 'logins_total{kind="register",result="invalid"}')).toBe(1);
    expect(value(a, 'logins_total{kind="login",result="ok"}')).toBe(1);
    expect(value(a, 'logins_total{kind="login",result="rejected"}')).toBe(1);
    expect(value(a, 'logins_total{kind="refresh",result="rejected"}')).toBe(1);
    expect(value(a, 'http_request_seconds_count{method="GET",route="/api/machines",status="4xx"}')).toBe(1);
  });

  test('see echoes on both ways, one for each keystroke at most', async () => {
    const count = async () => {
      const [a, b] = [await scrape(pod(FIRST)), await scrape(pod(SECOND))];
      return [
        value(a, 'echo_latency_seconds_count{path="local"}'),
        value(b, 'echo_latency_seconds_count{path="redis"}'),
      ];
    };
    const before = await count();
    const [here, there] = observed.viewers;
    for (const [n, viewer] of [here, there, here].entries()) {
      viewer.type(`echo ${n}\r`);
      await viewer.sees(`echo ${n}`);
    }
    const after = await count();
    // Each viewer types, and sees; the other's typing is no echo of its own.
    expect(after).toEqual([before[0]! + 2, before[1]! + 1]);
  });

  test('stay within the table: names, labels, and their number', async () => {
    const rows = new Map((Object.values(METRICS) as MetricRow[]).map((row) => [row.name, row]));
    for (const at of [FIRST, SECOND]) {
      const series = [...(await scrape(pod(at))).keys()].filter((key) => key.startsWith('hermit_'));
      expect(series.length).toBeLessThan(600);
      for (const key of series) {
        const [, name = '', labels = ''] = /^(\w+?)(?:\{(.*)\})?$/.exec(key) ?? [];
        const row = rows.get(name) ?? rows.get(name.replace(/_(bucket|sum|count)$/, ''));
        expect([key, row !== undefined]).toEqual([key, true]);
        for (const [, label = '', text = ''] of labels.matchAll(/(\w+)="([^"]*)"/g)) {
          if (label === 'le') continue;
          const values = row?.labels?.[label];
          expect([key, values !== undefined]).toEqual([key, true]);
          if (typeof values !== 'string') expect(values).toContain(text);
        }
      }
    }
  });

  test('are served nowhere else', async () => {
    expect((await fetch(`${pod(FIRST).url}/metrics`)).status).toBe(404);
    expect((await fetch(observed.metricsOf(pod(FIRST)).replace('/metrics', '/livez'))).status).toBe(404);
  });
});

describe('a real Prometheus', () => {
  let prometheus: Prometheus;
  let working: Disposable;
  beforeAll(async () => {
    prometheus = await Prometheus.scraping(observed.cluster.pods.map((each) => new URL(observed.metricsOf(each)).host));
    working = observed.keepWorking();
    await until('it has scraped both a few times', async () => {
      const scrapes = await prometheus.query('count_over_time(hermit_pod_info[1m])');
      return scrapes.length === 2 && scrapes.every((sample) => sample.value >= 4);
    });
  });
  afterAll(async () => {
    working?.[Symbol.dispose]();
    await prometheus?.[Symbol.asyncDispose]();
  });

  type Panel = { title: string; targets?: { expr?: string; query?: string; command?: string }[] };
  const relay = JSON.parse(readFileSync(new URL('relay.json', GRAFANA), 'utf8')) as { panels: Panel[] };
  const queries = relay.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr = '' }) => ({ title, expr })));

  test('counts the bytes that were delivered', async () => {
    const delivered = await prometheus.value('sum(hermit_delivered_bytes_total)');
    expect(delivered).toBeGreaterThanOrEqual(observed.viewers[0].bytes + observed.viewers[1].bytes);
  });

  test.each(queries)('has data for the dashboard: $title, $expr', async ({ expr }) => {
    const now = expr.replaceAll('$instance', '.*').replaceAll('$__rate_interval', '10s').replaceAll('$__range', '1m');
    expect(now).not.toContain('$');
    const samples = await until(`${now} has data`, async () => {
      const found = await prometheus.query(now);
      return found.some((sample) => !Number.isNaN(sample.value)) && found;
    });
    expect(samples.length).toBeGreaterThan(0);
  });

  test('has data for what every alert rule asks, and evaluates each', async () => {
    const rules = await until('all are evaluated', async () => {
      const found = await prometheus.rules();
      return found.length > 15 && found.every((rule) => rule.health !== 'unknown') && found;
    });
    for (const { name, query, health, lastError } of rules) {
      expect([name, health, lastError]).toEqual([name, 'ok', undefined]);
      for (const [metric] of query.matchAll(/\b(hermit|process|nodejs)_\w+|\bup\b/g)) {
        await until(`${name} has data of ${metric}`, async () => (await prometheus.query(metric)).length > 0);
      }
    }
  });

  test('is told of nothing but what we did', async () => {
    const firing = await prometheus.query('ALERTS{alertstate="firing"}');
    expect(firing.map(({ metric }) => metric.alertname)).toEqual([]);
  });
});

/** Every secret of the scenario, in the forms it could take. */
function secrets(): string[] {
  const { accessToken, refreshToken } = observed.cluster.account;
  const { token: machineToken } = observed.cluster.machine;
  const tail = (token: string) => token.slice(token.lastIndexOf('.') + 1);
  const tokens = [FORGED, tail(FORGED), accessToken, tail(accessToken), refreshToken, tail(refreshToken)];
  const all = [PASSWORD, WRONG_PASSWORD, ...tokens, machineToken, machineToken.slice(-43, -4), PRINTED, TYPED];
  return all.flatMap((text) => [
    text,
    Buffer.from(text).toString('base64').replace(/=+$/, ''),
    encodeURIComponent(text),
  ]);
}

describe('the logs', () => {
  test('hold no password, no token, and nothing of a terminal, at the level trace', async () => {
    for (const at of [FIRST, SECOND]) {
      const log = observed.logOf(pod(at));
      expect(observed.linesOf(pod(at)).length).toBeGreaterThan(10);
      expect(secrets().filter((secret) => log.includes(secret))).toEqual([]);
    }
    // It would be found if it were there.
    expect(observed.logOf(pod(FIRST))).toContain(observed.session);
  });

  test('every line is an event of the catalogue', () => {
    for (const at of [FIRST, SECOND]) {
      expect(pod(at).process.stderr).toBe('');
      for (const line of observed.linesOf(pod(at)))
        expect(line).toMatchObject({ pod: pod(at).id, msg: expect.any(String) });
    }
  });

  test('follow a connection from the pod of the client to that of the agent, and an attachment to its answer', () => {
    const there = observed.linesOf(pod(SECOND));
    const asked = there.find(({ event, mode }) => event === 'attach_asked' && mode === 'stream')!;
    expect(asked).toMatchObject({ user: observed.cluster.account.userId, session: observed.session });
    const events = (at: number, connection: unknown) =>
      observed
        .linesOf(pod(at))
        .filter((line) => line.connection === connection)
        .map(({ event }) => event);
    expect(events(SECOND, asked.connection)).toEqual([
      'client_authenticated',
      'session_asked',
      'session_created',
      'attach_asked',
      'attached',
    ]);
    expect(events(FIRST, asked.connection)).toEqual(['session_carried', 'attach_carried']);
    const answered = there.find(({ event, attachment }) => event === 'attached' && attachment === asked.attachment);
    expect(answered).toMatchObject({ attempt: 1, ms: expect.any(Number) });
  });

  test('name a request by the id that its answer carried', async () => {
    const answer = await fetch(`${pod(FIRST).url}/livez`);
    const request = answer.headers.get('x-request-id');
    const line = await until('its line is there', () =>
      observed.linesOf(pod(FIRST)).find((each) => each.request === request),
    );
    expect(line).toMatchObject({ event: 'http_request', level: 'debug', method: 'GET', route: '/livez', status: 200 });
  });

  test('say why somebody was turned away', () => {
    const refused = observed.linesOf(pod(SECOND)).filter(({ event }) => /refused$/.test(event));
    expect(refused).toMatchObject([
      { event: 'client_refused', code: 'INVALID_TOKEN', level: 'warn' },
      { event: 'agent_refused', code: 'INVALID_TOKEN', machineName: 'box' },
    ]);
  });
});

describe('the traces', () => {
  test('tell of requests, attaches and new sessions, by the same ids as the log', async () => {
    const { traces } = observed;
    const named = (name: string) => until(`${name} comes`, () => traces.spans.find((span) => span.name === name));
    expect(await named('POST /auth/login')).toMatchObject({ pod: 'pod-0', failure: undefined });
    expect(await named('create_session')).toMatchObject({ pod: 'pod-1', failure: undefined });
    const attach = await until('the attach comes', () =>
      traces.spans.find(({ name, pod: at }) => name === 'attach' && at === 'pod-1'),
    );
    expect(attach.attributes['hermit.session']).toBe(observed.session);
    const logged = observed.linesOf(pod(SECOND)).filter(({ event }) => event === 'attached');
    expect(logged.map(({ connection }) => connection)).toContain(attach.attributes['hermit.connection']);
  });

  test('hold no password, no token, and nothing of a terminal', () => {
    expect(observed.traces.spans.length).toBeGreaterThan(5);
    expect(secrets().filter((secret) => observed.traces.text.includes(secret))).toEqual([]);
  });
});

describe('Redis, read as a dashboard reads it', () => {
  const document = readFileSync(new URL('../../../docs/redis.md', import.meta.url), 'utf8');
  let redis: Redis;
  beforeAll(() => {
    redis = new Redis(process.env.TEST_REDIS_URL as string);
  });
  afterAll(() => redis?.disconnect());

  const prefix = () => observed.cluster.prefix;
  /** A name of the document as it is here. */
  const named = (text: string) => {
    const { machine, account } = observed.cluster;
    return text
      .replace('hermit:', prefix())
      .replace('{M}', `{${machine.id}}`)
      .replace(':U:', `:${account.userId}:`)
      .replace(/:P$/, ':pod-0');
  };
  /** Rows of the table under a heading, its head left out, without back quotes. */
  const table = (heading: string) => {
    const rows = document
      .split(`${heading}\n`)[1]!
      .split(/\n#/)[0]!
      .split('\n')
      .filter((line) => line.startsWith('|'));
    return rows.slice(2).map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replace(/^`(.*)`$/, '$1')),
    );
  };

  test('every key of the contract is there, with its type and a lease no longer than it says', async () => {
    const SECONDS: Record<string, number> = { s: 1, days: 86_400 };
    const described = table('## Keys').filter(([key]) => !key!.includes('limit'));
    expect(described.length).toBeGreaterThanOrEqual(8);
    for (const [key, type, , lease] of described) {
      const name = named(key!);
      expect([name, await redis.type(name)]).toEqual([name, type!.replace('sorted set', 'zset')]);
      const [amount, unit] = lease!.split(' ') as [string, string];
      const left = await redis.pttl(name);
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThanOrEqual(Number(amount) * SECONDS[unit]! * 1000);
    }
  });

  test('no key of ours is outside of it', async () => {
    const known = table('## Keys').map(([key]) => named(key!).replace('pod-0', 'P'));
    const { machine, account } = observed.cluster;
    let cursor = '0';
    do {
      const [next, keys] = await redis.scan(cursor, 'MATCH', `${prefix()}*`, 'COUNT', 1000);
      cursor = next;
      for (const key of keys) {
        const general = key
          .replace(machine.id, machine.id)
          .replace(account.userId, account.userId)
          .replace(/pod:pod-\d$/, 'pod:P');
        if (!general.startsWith(`${prefix()}limit:`)) expect(known).toContain(general);
      }
    } while (cursor !== '0');
  });

  test('fields say what runs, and who looks', async () => {
    const { machine, account } = observed.cluster;
    const key = `${prefix()}machine:{${machine.id}}`;
    const fields = table('### `hermit:machine:{M}`').map(([field]) => field!);
    const held = await redis.hgetall(key);
    expect(Object.keys(held).sort()).toEqual(fields.sort());
    expect(held).toMatchObject({ userId: account.userId, name: 'box', pod: 'pod-0', sessionCount: '1', contract: '1' });
    const sessions = Object.values(await redis.hgetall(`${key}:sessions`)).map((json) => JSON.parse(json));
    expect(sessions).toMatchObject([{ id: observed.session, name: 'bulk', attachedClients: 2 }]);
    const attachments = Object.values(await redis.hgetall(`${key}:attachments`)).map((json) => JSON.parse(json));
    expect(attachments.map((each) => each.pod).sort()).toEqual(['pod-0', 'pod-1']);
    for (const each of attachments) expect(each).toMatchObject({ sessionId: observed.session, userId: account.userId });
  });

  test('leases count: online machines and pods are those whose score is in the future', async () => {
    const now = Date.now();
    expect(await redis.zcount(`${prefix()}machines:online`, now, '+inf')).toBe(1);
    expect(await redis.zcount(`${prefix()}user:${observed.cluster.account.userId}:machines`, now, '+inf')).toBe(1);
    expect((await redis.zrange(`${prefix()}pods`, now, '+inf', 'BYSCORE')).sort()).toEqual(['pod-0', 'pod-1']);
  });

  type Target = { type: string; query?: string; command?: string; keyName?: string; section?: string };
  const presence = JSON.parse(readFileSync(new URL('presence.json', GRAFANA), 'utf8')) as {
    panels: { title: string; targets?: Target[] }[];
    templating: { list: { name: string; type: string; query: string }[] };
  };
  const panels = presence.panels.flatMap(({ title, targets = [] }) => targets.map((target) => ({ title, target })));
  const variables = presence.templating.list
    .filter(({ type }) => type === 'query')
    .map(({ name, query }) => ({ title: `variable ${name}`, target: { type: 'cli', query } as Target }));

  test.each([...variables, ...panels])('the presence dashboard has data: $title', async ({ target }) => {
    const said = target.query ?? [target.command, target.keyName || target.section].join(' ');
    const variables: Record<string, string> = {
      prefix: prefix(),
      __to: `${Date.now()}`,
      machine: observed.cluster.machine.id,
      pod: 'pod-1',
    };
    const words = said.replaceAll(/\$\{(\w+)\}/g, (whole, name) => variables[name] ?? whole).split(' ');
    expect(words.join(' ')).not.toContain('$');
    const answer = await redis.call(words[0]!, ...words.slice(1));
    const size = typeof answer === 'object' && answer !== null ? Object.keys(answer).length : Number(answer);
    expect([words.join(' '), (Number.isNaN(size) ? String(answer).length : size) > 0]).toEqual([words.join(' '), true]);
  });
});

describe('GET /api/admin/overview', () => {
  test('gives administrators the same figures', async () => {
    type Overview = { pods: Record<string, unknown>[]; totals: Record<string, number> };
    const overview = await until('the pods have said it', async () => {
      const { status, body } = await observed.cluster.call<Overview>('GET', '/api/admin/overview');
      expect(status).toBe(200);
      return body.totals.attachments === 2 && body;
    });
    expect(overview.totals).toMatchObject({
      pods: 2,
      draining: 0,
      machines: 1,
      sessions: 1,
      attachments: 2,
      clients: 2,
    });
    expect(overview.pods).toMatchObject([
      { id: 'pod-0', machines: 1, sessions: 1, attachments: 1, draining: false },
      { id: 'pod-1', machines: 0, sessions: 0, attachments: 1 },
    ]);
    expect(overview.totals.bytesOut).toBeGreaterThan(2 * BULK);
  });

  test('and nobody else', async () => {
    const other = await observed.cluster.register();
    expect((await observed.cluster.call('GET', '/api/admin/overview', undefined, other.accessToken)).status).toBe(403);
    expect((await observed.cluster.call('GET', '/api/admin/overview', undefined, null)).status).toBe(401);
  });
});

test('a program that waits for a slow viewer is counted', async () => {
  const { machine } = observed.cluster;
  const person = observed.cluster.person(pod(SECOND).url);
  const { id } = await person.start(machine.id, { name: 'flood', command: 'sh', args: ['-c', 'read x; exec yes'] });
  const viewer = person.look(machine.id, id, { mode: 'stream', rate: 20 });
  await viewer.live();
  viewer.type('\r');
  // The agent tells it every ten seconds.
  await until(
    'the pod of the agent knows',
    async () => value(await scrape(pod(FIRST)), 'pty_paused_seconds_total') > 0.5,
    20_000,
  );
});

test('the log of the pod of the agent tells how a program ended', async () => {
  await using person = observed.cluster.person(pod(SECOND).url);
  const { id } = await person.start(observed.cluster.machine.id, { command: 'sh', args: ['-c', 'exit 3'] });
  const line = await until('its end is told', () =>
    observed.linesOf(pod(FIRST)).find(({ event, session }) => event === 'session_ended' && session === id),
  );
  expect(line).toMatchObject({ machine: observed.cluster.machine.id, exitCode: 3, signal: null });
});
