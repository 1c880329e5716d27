// What the HTTP side tells: a line and a duration for each request, log-ins by result, and Fastify's own complaints.
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify';
import type { Span } from '../relay/observer.ts';
import type { Log } from './events.ts';
import type { Metrics } from './metrics.ts';
import type { Tracing } from './tracing.ts';

type HttpTelemetry = {
  log: Log;
  metrics?: Metrics | undefined;
  span?: Tracing['span'] | undefined;
};

/** Every route that is registered after this. WebSockets are counted by the pod: their answer is their end. */
export function observeHttp(app: FastifyInstance, { log, metrics, span }: HttpTelemetry): void {
  const spans = new WeakMap<FastifyRequest, Span>();
  if (span) {
    app.addHook('onRequest', async (request) => {
      if (isSocket(request)) return;
      const { method, id, headers } = request;
      const route = routeOf(request);
      const about = { 'http.request.method': method, 'http.route': route, 'hermit.request': id };
      spans.set(request, span(`${method} ${route}`, 'server', about, String(headers.traceparent ?? '')));
    });
  }
  app.addHook('onResponse', async (request, reply) => {
    if (isSocket(request)) return;
    const route = routeOf(request);
    const { method } = request;
    const status = reply.statusCode;
    const ms = reply.elapsedTime;
    log('http_request', { request: request.id, method, route, status, ms: Math.round(ms * 10) / 10 });
    metrics?.httpRequest.observe({ method, route, status: `${Math.floor(status / 100)}xx` }, ms / 1000);
    if (route.startsWith('/auth/')) {
      metrics?.logins.inc({ kind: route.slice(route.lastIndexOf('/') + 1), result: resultOf(status) });
    }
    const over = spans.get(request);
    over?.set('http.response.status_code', status);
    over?.end(status >= 500 ? `HTTP ${status}` : undefined);
  });
}

const isSocket = (request: FastifyRequest) => routeOf(request).startsWith('/ws/');
/** The pattern, never the address: that may hold what only its user should know. */
const routeOf = (request: FastifyRequest) => request.routeOptions.url ?? 'none';

function resultOf(status: number): string {
  if (status < 400) return 'ok';
  if (status === 401) return 'rejected';
  if (status === 403) return 'refused';
  if (status === 429) return 'rate_limited';
  if (status === 503) return 'unavailable';
  return status >= 500 ? 'failed' : 'invalid';
}

/** Fastify speaks to this. Its lines for each request are dropped: ours are above. */
export function fastifyLogger(log: Log, request = ''): FastifyBaseLogger {
  const silent = () => {};
  const told = (event: 'http_unavailable' | 'http_fault') => (first: unknown, message?: unknown) => {
    const { err, method, route } = (typeof first === 'object' && first !== null ? first : {}) as Record<
      string,
      unknown
    >;
    const error = first instanceof Error ? first : err;
    const reason = error instanceof Error ? error.message : String(message ?? first);
    const about = { request, method: text(method), route: text(route), reason };
    const stack = error instanceof Error ? error.stack : undefined;
    if (event === 'http_unavailable') log(event, about);
    else if (request === '') log('fault', { reason, stack });
    else log(event, { ...about, stack });
  };
  return {
    level: 'warn',
    fatal: told('http_fault'),
    error: told('http_fault'),
    warn: told('http_unavailable'),
    info: silent,
    debug: silent,
    trace: silent,
    silent,
    child: (bindings: { reqId?: unknown }) => fastifyLogger(log, String(bindings.reqId ?? request)),
  } as FastifyBaseLogger;
}

const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
