// A collector of traces: takes OTLP over HTTP, and keeps what it was sent.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

type Value = { stringValue?: string; intValue?: number | string };
type Attribute = { key: string; value: Value };
type Exported = { name: string; attributes: Attribute[]; status?: { code?: number; message?: string } };
type Body = { resourceSpans: { resource: { attributes: Attribute[] }; scopeSpans: { spans: Exported[] }[] }[] };

type CollectedSpan = {
  name: string;
  pod: string;
  failure: string | undefined;
  attributes: Record<string, string>;
};

export class TraceCollector implements AsyncDisposable {
  readonly spans: CollectedSpan[] = [];
  /** Everything that was sent, as text. */
  text = '';
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (piece: string) => {
        body += piece;
      });
      request.on('end', () => {
        if (request.method === 'POST' && request.url === '/v1/traces') this.take(body);
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    });
  }

  static async start(): Promise<TraceCollector> {
    const collector = new TraceCollector();
    collector.server.listen(0, '127.0.0.1');
    await once(collector.server, 'listening');
    return collector;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  private take(body: string): void {
    this.text += body;
    for (const { resource, scopeSpans } of (JSON.parse(body) as Body).resourceSpans) {
      const pod = textsOf(resource.attributes)['service.instance.id'] ?? '';
      for (const { name, attributes, status } of scopeSpans.flatMap(({ spans }) => spans)) {
        this.spans.push({ name, pod, failure: status?.message, attributes: textsOf(attributes) });
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
  }
}

function textsOf(attributes: readonly Attribute[]): Record<string, string> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, `${value.stringValue ?? value.intValue ?? ''}`]));
}
