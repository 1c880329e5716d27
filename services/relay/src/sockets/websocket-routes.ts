// The two edges of the pod: `/ws/agent` and `/ws/client`. What arrives here belongs to the core from then on.
import websocket from '@fastify/websocket';
import { CLOSE, HermitError, LIMITS } from '@hermit/protocol';
import { socketOf } from '@hermit/transport/node';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { originAllowed } from '../auth/origins.ts';
import type { Pod } from '../relay/pod.ts';

export type WebSocketOptions = {
  pod: Pod;
  /** Origins of web pages that may connect, beside our own. */
  allowedOrigins: readonly string[];
};

/** Before the core takes over nothing can arrive. */
const NOBODY = { text() {}, binary() {}, close() {} };

export async function websocketRoutes(app: FastifyInstance, { pod, allowedOrigins }: WebSocketOptions): Promise<void> {
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
      await reply.code(403).send({ code: 'FORBIDDEN', message: 'Web pages of this origin may not connect.' });
    }
  };

  await app.register(async (scope) => {
    scope.addHook('preValidation', guard);
    const schema = { hide: true };
    scope.get('/ws/agent', { websocket: true, schema }, (ws, { id }) => {
      tune(ws);
      if (pod.draining) ws.close(CLOSE.restart.code, CLOSE.restart.meaning);
      else pod.acceptAgent(socketOf(ws, NOBODY), id);
    });
    scope.get('/ws/client', { websocket: true, schema }, (ws, { id }) => {
      tune(ws);
      if (pod.draining) ws.close(CLOSE.restart.code, CLOSE.restart.meaning);
      else pod.acceptClient(socketOf(ws, NOBODY), id);
    });
  });
}

/** Keystrokes must not wait for Nagle's algorithm. */
function tune(ws: unknown): void {
  (ws as { _socket?: { setNoDelay(on: boolean): void } })._socket?.setNoDelay(true);
}
