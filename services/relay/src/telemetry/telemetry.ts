// All telemetry of a pod in one hand: metrics and where they are served, the log, and traces if somebody wants them.
import type { FastifyInstance } from 'fastify';
import type { Sql } from 'postgres';
import type { Config } from '../config.ts';
import type { PodObserver } from '../relay/observer.ts';
import type { Pod } from '../relay/pod.ts';
import { createEventLog } from './event-log.ts';
import type { Log } from './events.ts';
import { observeHttp } from './http-telemetry.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { type MetricsServer, serveMetrics } from './metrics-server.ts';
import { readPod } from './pod-readings.ts';
import { queryObserver } from './query-observer.ts';
import { timedSql } from './timed-sql.ts';
import { openTracing } from './tracing.ts';

type Telemetry = {
  readonly log: Log;
  readonly metrics: Metrics;
  /** What the core tells; nothing where nobody listens. */
  readonly observer: Pick<PodObserver, 'echo' | 'span'>;
  /** The same database, timed. `unreachable`: whether an error says that it is away. */
  timed(sql: Sql, unreachable: (error: unknown) => boolean): Sql;
  watchPod(pod: Pod): void;
  /** Every route that is registered after this. */
  watchHttp(app: FastifyInstance): void;
  /** Serves the metrics, if they are wanted; resolves with the address. */
  listen(): Promise<string | undefined>;
  close(): Promise<void>;
};

type TelemetryConfig = Pick<Config, 'podId' | 'logLevel' | 'host' | 'metricsPort' | 'traces'>;

export async function openTelemetry(config: TelemetryConfig, version: string): Promise<Telemetry> {
  const { podId: pod, logLevel: level, host, metricsPort: port, traces } = config;
  const metrics = createMetrics({ process: port !== undefined });
  const events = createEventLog({
    level,
    pod,
    observer: { written: (at) => metrics.logLines.inc({ level: at }), suppressed: () => metrics.logSuppressed.inc() },
  });
  const { log } = events;
  const tracing = traces && (await openTracing({ ...traces, pod, version }));
  let server: MetricsServer | undefined;
  return {
    log,
    metrics,
    observer: {
      ...(port !== undefined && { echo: echoInto(metrics) }),
      ...(tracing && {
        span: (name, connection) => tracing.span(name, 'internal', { 'hermit.connection': connection }),
      }),
    },
    timed: (sql, unreachable) => timedSql(sql, queryObserver(metrics, log, unreachable)),
    watchPod: (watched) => readPod(metrics, watched, version),
    watchHttp: (app) => observeHttp(app, { log, metrics, span: tracing?.span }),
    async listen() {
      if (port !== undefined) server = await serveMetrics(metrics, { host, port });
      return server?.address;
    },
    async close() {
      await server?.close();
      await tracing?.close();
      events.close();
    },
  };
}

function echoInto(metrics: Metrics): NonNullable<PodObserver['echo']> {
  const local = metrics.echoLatency.labels({ path: 'local' });
  const redis = metrics.echoLatency.labels({ path: 'redis' });
  return (elapsedMs, isLocal) => (isLocal ? local : redis).observe(elapsedMs / 1000);
}
