// The two edges of the pod: `/ws/agent` and `/ws/client`. What arrives here belongs to the core from then on.
import type { ServerResponse } from 'node:http';
import type { Socket as NodeSocket } from 'node:net';
import websocket, { type WebSocket } from '@fastify/websocket';
import { CLOSE, HermitError, LIMITS } from '@hermit/protocol';
import type { Socket } from '@hermit/transport';
import { ACCEPTED, socketOf } from '@hermit/transport/node';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { originAllowed } from '../auth/origins.ts';
import type { Limiter } from '../limits/limiter.ts';
import { addressOf, limited } from '../limits/request-limits.ts';
import type { Pod } from '../relay/pod.ts';
import type { Admission } from './admission.ts';

type WebSocketOptions = {
  pod: Pod;
  /** Origins of web pages that may connect, beside our own. */
  allowedOrigins: readonly string[];
  limits: Limiter;
  admission: Admission;
};

/** Before the core takes over nothing can arrive. */
const NOBODY = { text() {}, binary() {}, close() {} };

export async function websocketRoutes(app: FastifyInstance, options: WebSocketOptions): Promise<void> {
  const { pod, allowedOrigins, limits, admission } = options;
  await app.register(websocket, {
    options: {
      ...ACCEPTED,
      // Whoever has introduced themselves may say more: the core allows it.
      maxPayload: LIMITS.strangerMessage,
      perMessageDeflate: false,
      // Text is checked when it is parsed.
      skipUTF8Validation: true,
      // The pod knows its sockets; a second set of them, and a listener for each, would only be memory.
      clientTracking: false,
    },
    preClose: (done) => {
      admission.close();
      app.websocketServer.close();
      done();
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

  type Newcomer = [socket: Socket, connection: string, address: string, network: string];
  const accept = (ws: WebSocket, request: FastifyRequest, into: (...newcomer: Newcomer) => void): void => {
    const { id, ip } = request;
    const network = addressOf(request);
    const socket = tuned(ws);
    if (pod.draining) socket.close(CLOSE.restart.code, CLOSE.restart.meaning);
    else into(socket, flat(id), ip, network);
  };

  await app.register(async (scope) => {
    // Before anything else is done for it: what it is asked for next costs more than the turn.
    scope.addHook('onRequest', async (request) => admission.turn(addressOf(request)));
    scope.addHook('preValidation', guard);
    const schema = { hide: true };
    const config = limited('upgrade');
    scope.get('/ws/agent', { websocket: true, helmet: false, schema, config }, (ws, request) => {
      accept(ws, request, (...newcomer) => pod.acceptAgent(...newcomer));
    });
    scope.get('/ws/client', { websocket: true, helmet: false, schema, config }, (ws, request) => {
      accept(ws, request, (...newcomer) => pod.acceptClient(...newcomer));
    });
  });
}

/** Node joins its UUIDs of a dozen pieces, which V8 keeps as such: ten times the memory, for as long as the socket lives. */
const flat = (id: string): string => Buffer.from(id, 'latin1').toString('latin1');

type Inside = {
  readonly _socket?: NodeSocket & { _httpMessage?: ServerResponse | null; _peername?: object | undefined };
};

/**
 * Keystrokes must not wait for Nagle's algorithm. And the request with all that Fastify made for it, a few KiB, is not
 * to live as long as the socket does: what remembers it is the response that was never sent, and a listener.
 */
function tuned(ws: WebSocket): Socket {
  const { _socket: socket } = ws as unknown as Inside;
  ws.removeAllListeners('error');
  if (socket) {
    socket.setNoDelay(true);
    socket._httpMessage?.detachSocket(socket);
    // Found out again if anybody asks.
    socket._peername = undefined;
  }
  return socketOf(ws, NOBODY, LIMITS.socketHard);
}
