// Serves the metrics on a port of their own, which no ingress leads to.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Metrics } from './metrics.ts';

// An import of node:http reads all that it exports, and with it loads a client that no pod needs: a tenth of its start.
const { createServer } = process.getBuiltinModule('node:http');

/** Milliseconds that a scraper has to send its request. */
const REQUEST = 5_000;

export type MetricsServer = { readonly address: string; close(): Promise<void> };

/** `GET /metrics`, and `GET /` for people who wonder. Rejects when the port is taken. */
export async function serveMetrics(metrics: Metrics, at: { host: string; port: number }): Promise<MetricsServer> {
  const server = createServer({ requestTimeout: REQUEST, headersTimeout: REQUEST }, (request, response) => {
    const path = request.url?.split('?')[0];
    const readable = request.method === 'GET' || request.method === 'HEAD';
    if (path === '/' && readable) response.end('The metrics of this relay are at /metrics.\n');
    else if (path !== '/metrics' || !readable) response.writeHead(404).end();
    else {
      metrics.text().then(
        (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
        () => response.writeHead(500).end(),
      );
    }
  });
  server.listen(at.port, at.host);
  await once(server, 'listening');
  const { address, port, family } = server.address() as AddressInfo;
  return {
    address: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}/metrics`,
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
