// Traces, for who has a collector: spans of HTTP requests, attaches and new sessions. The library is loaded only when
// there is an endpoint; without one nothing of it is, and the core makes one comparison.
import type { Attributes, Context, SpanKind } from '@opentelemetry/api';
import type { Span } from '../relay/observer.ts';

type TracingOptions = {
  /** Of OTLP over HTTP, without `/v1/traces`. Headers come from OTEL_EXPORTER_OTLP_HEADERS. */
  endpoint: string;
  /** The part of traces that begin here and are kept, 0 to 1; a caller's decision counts more. */
  ratio: number;
  pod: string;
  version: string;
};

export type Tracing = {
  /** `traceparent`: the W3C header of who called, if there is one. */
  span(name: string, kind: 'server' | 'internal', attributes: Attributes, traceparent?: string): Span;
  /** Sends what is left. */
  close(): Promise<void>;
};

/** A collector that is away when we leave is not waited for longer than this; milliseconds. */
const CLOSE = 2_000;

export async function openTracing({ endpoint, ratio, pod, version }: TracingOptions): Promise<Tracing> {
  const [api, sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces` });
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'hermit-relay',
      'service.version': version,
      'service.instance.id': pod,
    }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter })],
  });
  const tracer = provider.getTracer('hermit-relay', version);
  const kinds: Record<'server' | 'internal', SpanKind> = {
    server: api.SpanKind.SERVER,
    internal: api.SpanKind.INTERNAL,
  };

  const parentOf = (traceparent: string | undefined): Context => {
    const [, traceId, spanId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent ?? '') ?? [];
    const parent = {
      traceId: traceId ?? '',
      spanId: spanId ?? '',
      traceFlags: Number.parseInt(flags ?? '0', 16),
      isRemote: true,
    };
    return api.isSpanContextValid(parent) ? api.trace.setSpanContext(api.ROOT_CONTEXT, parent) : api.ROOT_CONTEXT;
  };

  return {
    span(name, kind, attributes, traceparent) {
      const span = tracer.startSpan(name, { kind: kinds[kind], attributes }, parentOf(traceparent));
      return {
        set: (attribute, value) => void span.setAttribute(attribute, value),
        end(failure) {
          if (failure !== undefined) span.setStatus({ code: api.SpanStatusCode.ERROR, message: failure });
          span.end();
        },
      };
    },
    async close() {
      const late = new Promise<void>((resolve) => setTimeout(resolve, CLOSE).unref());
      await Promise.race([provider.shutdown().catch(() => {}), late]);
    },
  };
}
