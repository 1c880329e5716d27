// Every error of the HTTP side in one shape: `{code, message, requestId}`, with `details` where they help.
import { ERROR_CODES, type ErrorCode, ErrorCodeSchema, HermitError } from '@hermit/protocol';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';

const ErrorBody = Type.Object(
  {
    code: ErrorCodeSchema,
    message: Type.String({ description: 'A sentence for people' }),
    details: Type.Optional(Type.Unknown()),
    requestId: Type.String({ description: 'Names the request in the logs' }),
  },
  { description: 'What went wrong' },
);
type ErrorBody = Static<typeof ErrorBody>;

/** The status of each code that HTTP uses; any other is a fault of ours. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  VALIDATION: 400,
  INVALID_JSON: 400,
  DUPLICATE: 400,
  INVALID_CREDENTIALS: 401,
  NOT_AUTHENTICATED: 401,
  INVALID_TOKEN: 401,
  USER_NOT_FOUND: 401,
  FORBIDDEN: 403,
  REGISTRATION_CLOSED: 403,
  MACHINE_LIMIT: 403,
  SHARE_LIMIT: 403,
  NOT_FOUND: 404,
  MACHINE_NOT_FOUND: 404,
  SESSION_NOT_FOUND: 404,
  SHARE_NOT_FOUND: 404,
  MESSAGE_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  RATE_LIMITED: 429,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  DRAINING: 503,
};

/** Answers of a route that fails, for its documentation. */
export function failures(...codes: ErrorCode[]): Record<number, typeof ErrorBody> {
  return Object.fromEntries(codes.map((code) => [STATUS[code] ?? 500, ErrorBody]));
}

export function answerErrors(app: FastifyInstance): void {
  app.setNotFoundHandler(async (request, reply) => answer(request, reply, new HermitError('NOT_FOUND')));
  app.setErrorHandler(async (error: FastifyError, request, reply) => {
    const known = error instanceof HermitError ? error : fromFramework(error);
    const status = STATUS[known.code] ?? 500;
    if (status >= 500) {
      const { method, routeOptions } = request;
      const about = { err: error, method, route: routeOptions.url };
      request.log[status === 503 ? 'warn' : 'error'](about, 'the request failed');
    }
    // What is not meant for the other side stays in the log.
    return answer(request, reply, status === 500 ? new HermitError('INTERNAL') : known);
  });
}

/** Of addresses that cannot be read, which reach no route and no hook. */
export function answerBadAddress(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff');
  answer(request, reply, fromFramework(error));
}

/** For the `config` of a route that people themselves are sent to: where a browser is led that shows what it gets. */
export type FailurePage = { failurePage?: (request: FastifyRequest, code: ErrorCode) => string };

/** A browser that was sent there, and shows what it gets. */
export function isVisit({ method, headers }: FastifyRequest): boolean {
  return method === 'GET' && (headers.accept ?? '').includes('text/html');
}

function answer(request: FastifyRequest, reply: FastifyReply, error: HermitError) {
  // Of an address that cannot be read there is no route.
  const { failurePage } = (request.routeOptions?.config ?? {}) as FailurePage;
  if (failurePage && isVisit(request)) return reply.redirect(failurePage(request, error.code));
  const status = STATUS[error.code] ?? 500;
  reply.code(status).type('application/json; charset=utf-8');
  if (status === 401) reply.header('www-authenticate', 'Bearer');
  if (status === 503) reply.header('retry-after', '2');
  if (status === 429) reply.header('retry-after', String(error.details?.retryAfterSeconds ?? 1));
  const { code, message, details } = error;
  const body: ErrorBody = { code, message, ...(details === undefined ? {} : { details }), requestId: request.id };
  return reply.serializer(JSON.stringify).send(body);
}

function fromFramework(error: FastifyError): HermitError {
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new HermitError('MESSAGE_TOO_LARGE', 'The body of the request is too large.');
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new HermitError('UNSUPPORTED_MEDIA_TYPE', 'Send application/json.');
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return new HermitError('INVALID_JSON', 'The body of the request is not JSON.');
    case 'FST_ERR_BAD_URL':
      return new HermitError('VALIDATION', 'The address of the request cannot be read.');
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new HermitError('NOT_FOUND');
  }
  if (error.statusCode === 404) return new HermitError('NOT_FOUND');
  if (error.statusCode === 429) return new HermitError('RATE_LIMITED', ERROR_CODES.RATE_LIMITED);
  // A body that is cut off, a length that does not fit, and the like.
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return new HermitError('VALIDATION');
  }
  return new HermitError('INTERNAL');
}
