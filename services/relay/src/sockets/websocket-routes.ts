// The two edges of the pod: `/ws/agent` and `/ws/client`. What arrives here belongs to the core from then on.
import websocket from '@fastify/websocket';
import { CLOSE, HermitError, LIMITS } from '@hermit/protocol';
import { socketOf } from '@hermit/transport/node';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { originAllowed } from '../auth/origins.ts';
import type { Limiter } from '../limits/limiter.ts';
import { addressOf, limited } from '../limits/request-limits.ts';
import type { Pod } from '../relay/pod.ts';

export type WebSocketOptions = {
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
      // Messages over LIMITS.message are answered with an error; only what is far beyond costs the socket.
      maxPayload: LIMITS.messageHard,
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
    if (pod.crowded) throw new HermitError('UNAVAILABLE', 'Too many connections have not introduced themselves.');
    await limits.check('intruder', addressOf(request));
  };

  await app.register(async (scope) => {
    scope.addHook('preValidation', guard);
    const schema = { hide: true };
    const config = limited('upgrade');
    scope.get('/ws/agent', { websocket: true, schema, config }, (ws, request) => {
      tune(ws);
      if (pod.draining) ws.close(CLOSE.restart.code, CLOSE.restart.meaning);
      else pod.acceptAgent(socketOf(ws, NOBODY), request.id, request.ip);
    });
    scope.get('/ws/client', { websocket: true, schema, config }, (ws, request) => {
      tune(ws);
      if (pod.draining) ws.close(CLOSE.restart.code, CLOSE.restart.meaning);
      else pod.acceptClient(socketOf(ws, NOBODY), request.id, request.ip);
    });
  });
}

/** Keystrokes must not wait for Nagle's algorithm. */
function tune(ws: unknown): void {
  (ws as { _socket?: { setNoDelay(on: boolean): void } })._socket?.setNoDelay(true);
}
