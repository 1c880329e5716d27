// Traces reach a collector over HTTP, with their parents; without an endpoint the library is not even loaded.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { openTracing } from './tracing.ts';

type Exported = {
  name: string;
  traceId: string;
  parentSpanId?: string;
  kind: number;
  status: { code: number; message?: string };
  attributes: { key: string; value: Record<string, unknown> }[];
};
type Export = {
  resourceSpans: {
    resource: { attributes: { key: string; value: { stringValue?: string } }[] };
    scopeSpans: { spans: Exported[] }[];
  }[];
};

const received: Export[] = [];
const collector = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (text: string) => {
    body += text;
  });
  request.on('end', () => {
    if (request.url === '/v1/traces') received.push(JSON.parse(body) as Export);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
});
collector.listen(0, '127.0.0.1');
await once(collector, 'listening');
afterAll(() => collector.close());
const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}/`;

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

test('spans are sent with their names, parents, attributes and failures', async () => {
  const tracing = await openTracing({ endpoint, ratio: 1, pod: 'pod-7', version: '1.2.3' });
  const attach = tracing.span('attach', 'internal', { 'hermit.connection': 'c1' });
  attach.set('hermit.session', 's1');
  attach.end();
  attach.end('twice counts once');
  tracing.span('POST /auth/login', 'server', {}, `00-${TRACE}-${PARENT}-01`).end('HTTP 503');
  await tracing.close();

  const [sent] = received.splice(0).flatMap(({ resourceSpans }) => resourceSpans);
  const named = Object.fromEntries(sent!.resource.attributes.map(({ key, value }) => [key, value.stringValue]));
  expect(named).toMatchObject({
    'service.name': 'hermit-relay',
    'service.instance.id': 'pod-7',
    'service.version': '1.2.3',
  });
  const [first, second] = sent!.scopeSpans.flatMap(({ spans }) => spans);
  expect(first).toMatchObject({ name: 'attach', kind: 1, status: { code: 0 } });
  expect(first!.attributes).toEqual([
    { key: 'hermit.connection', value: { stringValue: 'c1' } },
    { key: 'hermit.session', value: { stringValue: 's1' } },
  ]);
  expect(second).toMatchObject({
    kind: 2,
    traceId: TRACE,
    parentSpanId: PARENT,
    status: { code: 2, message: 'HTTP 503' },
  });
});

test('a part is kept, but what the caller keeps is kept; nonsense begins a trace of its own', async () => {
  const tracing = await openTracing({ endpoint, ratio: 0, pod: 'p', version: '1' });
  tracing.span('dropped', 'server', {}).end();
  tracing.span('dropped too', 'server', {}, `00-${TRACE}-${PARENT}-00`).end();
  tracing.span('kept', 'server', {}, `00-${TRACE}-${PARENT}-01`).end();
  tracing.span('nonsense', 'server', {}, '00-zz-1-01').end();
  await tracing.close();
  const spans = received.splice(0).flatMap(({ resourceSpans }) => resourceSpans.flatMap((each) => each.scopeSpans));
  expect(spans.flatMap((scope) => scope.spans.map(({ name }) => name))).toEqual(['kept']);
});

test('a collector that is away costs two seconds at the end, and nothing else', async () => {
  const tracing = await openTracing({ endpoint: 'http://127.0.0.1:1', ratio: 1, pod: 'p', version: '1' });
  tracing.span('lost', 'internal', {}).end();
  const since = performance.now();
  await tracing.close();
  expect(performance.now() - since).toBeLessThan(3_500);
});

test('without an endpoint nothing of the library is loaded', async () => {
  const module = fileURLToPath(new URL('./telemetry.ts', import.meta.url));
  const script = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
    const { openTelemetry } = await import(${JSON.stringify(module)});
    const telemetry = await openTelemetry({ podId: 'p', logLevel: 'silent', host: '127.0.0.1', metricsPort: undefined, traces: undefined }, '1');
    console.log(JSON.stringify({ observer: Object.keys(telemetry.observer), loaded: loaded.filter((url) => /opentelemetry\\/(sdk|exporter|otlp|resources)/.test(url)).length, all: loaded.length }));
    await telemetry.close();`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--conditions=@hermit/source',
    '--input-type=module',
    '-e',
    script,
  ]);
  const said = JSON.parse(stdout) as { observer: string[]; loaded: number; all: number };
  expect(said).toMatchObject({ observer: [], loaded: 0 });
  expect(said.all).toBeGreaterThan(20);
});
