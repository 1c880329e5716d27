// The two edges of the pod: `/ws/agent` and `/ws/client`. What arrives here belongs to the core from then on.
import type { ServerResponse } from 'node:http';
import type { Socket as NodeSocket } from 'node:net';
import websocket, { type WebSocket } from '@fastify/websocket';
import { CLOSE, HermitError, LIMITS } from '@hermit/protocol';
import { socketOf } from '@hermit/transport/node';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { originAllowed } from '../auth/origins.ts';
import type { Limiter } from '../limits/limiter.ts';
import { addressOf, limited } from '../limits/request-limits.ts';
import type { Pod } from '../relay/pod.ts';

type WebSocketOptions = {
  pod: Pod;
  /** Origins of web pages that may connect, beside our own. */
  allowedOrigins: readonly string[];
  limits: Limiter;
};

/** Before the core takes over nothing can arrive. */
const NOBODY = { text() {}, binary() {}, close() {} };

export async function websocketRoutes(app: FastifyInstance, options: WebSocketOptions): Promise<void> {
  const { pod, allowedOrigins, limits } = options;
  await app.register(websocket, {
    options: {
      // Whoever has introduced themselves may say more: the core allows it.
      maxPayload: LIMITS.strangerMessage,
      perMessageDeflate: false,
      // Text is checked when it is parsed.
      skipUTF8Validation: true,
    },
    errorHandler: (_error, socket) => socket.close(1011, 'internal error'),
  });

  const guard = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    if (pod.draining) {
      reply.header('retry-after', '1');
      await reply.code(503).send({ code: 'DRAINING', message: new HermitError('DRAINING').message });
      return;
    }
    if (!originAllowed(request.headers.origin, request.headers.host, allowedOrigins)) {
      throw new HermitError('FORBIDDEN', 'Web pages of this origin may not connect.');
    }
    const network = addressOf(request);
    await limits.check('intruder', network);
    if (pod.strangers.crowded(network)) {
      throw new HermitError('UNAVAILABLE', 'Too many connections have not introduced themselves.');
    }
  };

  await app.register(async (scope) => {
    scope.addHook('preValidation', guard);
    const schema = { hide: true };
    const config = limited('upgrade');
    scope.get('/ws/agent', { websocket: true, schema, config }, (ws, request) => {
      tune(ws);
      if (pod.draining) ws.close(CLOSE.restart.code, CLOSE.restart.meaning);
      else pod.acceptAgent(socketOf(ws, NOBODY, LIMITS.socketHard), flat(request.id), request.ip, addressOf(request));
    });
    scope.get('/ws/client', { websocket: true, schema, config }, (ws, request) => {
      tune(ws);
      if (pod.draining) ws.close(CLOSE.restart.code, CLOSE.restart.meaning);
      else pod.acceptClient(socketOf(ws, NOBODY, LIMITS.socketHard), flat(request.id), request.ip, addressOf(request));
    });
  });
}

/** Node joins its UUIDs of a dozen pieces, which V8 keeps as such: ten times the memory, for as long as the socket lives. */
const flat = (id: string): string => Buffer.from(id, 'latin1').toString('latin1');

type Inside = { readonly _socket?: NodeSocket & { _httpMessage?: ServerResponse | null } };

/**
 * Keystrokes must not wait for Nagle's algorithm. And the request with all that Fastify made for it, a few KiB, is not
 * to live as long as the socket does: what remembers it is the response that was never sent, and a listener.
 */
function tune(ws: WebSocket): void {
  const { _socket: socket } = ws as unknown as Inside;
  ws.removeAllListeners('error');
  ws.on('error', () => {}); // `close` follows
  if (!socket) return;
  socket.setNoDelay(true);
  socket._httpMessage?.detachSocket(socket);
}
