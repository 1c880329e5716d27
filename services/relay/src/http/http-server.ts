// The HTTP server: limits, parsing, headers and the shape of errors, before any route.
import { randomUUID } from 'node:crypto';
import helmet from '@fastify/helmet';
import { HermitError } from '@hermit/protocol';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyServerOptions } from 'fastify';
import type { Config } from '../config.ts';
import { answerBadAddress, answerErrors } from './http-errors.ts';
import { compileValidator } from './validation.ts';

/** Bytes; everything that people send over HTTP is small. */
const BODY = 16 * 1024;
/** Milliseconds that a client has to send a request completely. */
const REQUEST = 10_000;
/** Milliseconds; longer than load balancers keep theirs, so that none sends into a connection that just closed. */
const KEEP_ALIVE = 72_000;

type HttpServerOptions = Pick<Config, 'trustProxy'> & { logger?: FastifyBaseLogger };

/** A server without routes. It answers whatever it has no route for, and whatever is malformed, in the shape of errors. */
export async function createHttpServer({ trustProxy, logger }: HttpServerOptions): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify({
    ...(logger === undefined ? {} : { loggerInstance: logger }),
    trustProxy,
    bodyLimit: BODY,
    requestTimeout: REQUEST,
    keepAliveTimeout: KEEP_ALIVE,
    // A pod that leaves goes on answering until its last connection is closed.
    return503OnClosing: false,
    genReqId: () => randomUUID(),
    frameworkErrors: answerBadAddress,
    clientErrorHandler: refuseMalformed,
  });

  app.setValidatorCompiler(compileValidator);
  app.removeContentTypeParser(['text/plain', 'application/json']);
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    // Many clients name a type for a body that they do not send.
    if (body.length === 0) done(null, undefined);
    else {
      void parse(request, String(body), (error, value) =>
        error ? done(new HermitError('INVALID_JSON', 'The body of the request is not JSON.')) : done(null, value),
      );
    }
  });
  answerErrors(app);
  await app.register(helmet, HEADERS);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
    // Answers here are about one user, at one moment; files that may be kept say so themselves.
    reply.header('cache-control', 'no-store');
  });
  return app;
}

/** The web terminal is served from here: its scripts come from nowhere else, and nobody may frame it. */
const HEADERS = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      'default-src': ["'none'"],
      'script-src': ["'self'"],
      // The terminal emulator sets styles of its own.
      'style-src': ["'self'", "'unsafe-inline'"],
      'img-src': ["'self'", 'data:'],
      'font-src': ["'self'"],
      'connect-src': ["'self'"],
      'manifest-src': ["'self'"],
      'worker-src': ["'self'"],
      'base-uri': ["'none'"],
      'form-action': ["'self'"],
      'frame-ancestors': ["'none'"],
    },
  },
  frameguard: { action: 'deny' },
  referrerPolicy: { policy: 'no-referrer' },
} as const;

/** What is no HTTP never becomes a request, so it is answered on the bare socket. */
const refuseMalformed: NonNullable<FastifyServerOptions['clientErrorHandler']> = (error, socket) => {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return void socket.destroy();
  const [line, code, message] = malformed(error.code);
  const body = JSON.stringify({ code, message, requestId: randomUUID() });
  const head = `HTTP/1.1 ${line}\r\ncontent-type: application/json; charset=utf-8\r\nconnection: close`;
  socket.end(`${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
};

function malformed(code: string): [statusLine: string, code: string, message: string] {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return ['431 Request Header Fields Too Large', 'MESSAGE_TOO_LARGE', 'The headers of the request are too large.'];
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return ['408 Request Timeout', 'TIMEOUT', 'The request came too slowly.'];
  return ['400 Bad Request', 'VALIDATION', 'This is not an HTTP request.'];
}
