// What Fastify complains of becomes events; the address of a request, which may hold secrets, is never among it.
import Fastify from 'fastify';
import { expect, test } from 'vitest';
import type { Log } from './events.ts';
import { fastifyLogger, observeHttp } from './http-telemetry.ts';
import { createMetrics } from './metrics.ts';

function observed() {
  const events: [string, Record<string, unknown>][] = [];
  const log: Log = (event, fields) => void events.push([event, { ...fields }]);
  const metrics = createMetrics();
  const app = Fastify({ loggerInstance: fastifyLogger(log), genReqId: () => 'r1' });
  observeHttp(app, { log, metrics });
  return { app, events, metrics };
}

test('a request is one line and one duration, by its route and without its address', async () => {
  const { app, events, metrics } = observed();
  app.get('/api/things/:id', async () => 'here');
  await app.inject('/api/things/secret-name?token=secret');
  await app.inject('/nothing/secret');
  expect(events).toEqual([
    ['http_request', { request: 'r1', method: 'GET', route: '/api/things/:id', status: 200, ms: expect.any(Number) }],
    ['http_request', { request: 'r1', method: 'GET', route: 'none', status: 404, ms: expect.any(Number) }],
  ]);
  expect(await metrics.text()).toContain(
    'hermit_http_request_seconds_count{method="GET",route="/api/things/:id",status="2xx"} 1',
  );
});

test('log-ins are counted by what became of them', async () => {
  const { app, metrics } = observed();
  const statuses = [200, 400, 401, 403, 429, 500, 503];
  app.post('/auth/login', async (request, reply) => reply.code(Number(request.headers.wanted)).send());
  for (const wanted of statuses)
    await app.inject({ method: 'POST', url: '/auth/login', headers: { wanted: `${wanted}` } });
  const text = await metrics.text();
  for (const result of ['ok', 'invalid', 'rejected', 'refused', 'rate_limited', 'failed', 'unavailable']) {
    expect(text).toContain(`hermit_logins_total{kind="login",result="${result}"} 1`);
  }
});

test('a failure of a request is told with its id, one of the server without', async () => {
  const { app, events } = observed();
  app.get('/broken', async (request) => {
    request.log.error({ err: new Error('no such column'), method: 'GET', route: '/broken' }, 'the request failed');
    request.log.info('not told');
  });
  await app.inject('/broken');
  app.log.error(new Error('a hook threw'));
  expect(events.filter(([event]) => event !== 'http_request')).toEqual([
    ['http_fault', expect.objectContaining({ request: 'r1', route: '/broken', reason: 'no such column' })],
    [
      'fault',
      expect.objectContaining({ reason: 'a hook threw', stack: expect.stringContaining('http-telemetry.test') }),
    ],
  ]);
});
