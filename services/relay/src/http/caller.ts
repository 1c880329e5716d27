// Who calls a route: a hook that demands an access token, and what the routes behind it ask.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { HermitError } from '@hermit/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Accounts, User } from '../accounts/accounts.ts';
import type { Tokens } from '../auth/tokens.ts';
import { type Limiter, UNLIMITED } from '../limits/limiter.ts';
import { failures } from './http-errors.ts';

const callers = new WeakMap<FastifyRequest, { user: User; loginId: string | null }>();

/** How the documentation marks a route that demands a token. */
const BEARER = [{ bearer: [] }];

/** What a route that demands one may answer instead of what it is for. */
export const DENIED = failures('NOT_AUTHENTICATED', 'UNAVAILABLE');

export type CallerOptions = {
  accounts: Pick<Accounts, 'confirm'>;
  tokens: Pick<Tokens, 'verifyAccess'>;
  limits?: Limiter;
};

/**
 * Every route of this scope demands an access token whose user and login still exist, before its body is even read.
 * Returns the scope, for routes with schemas.
 */
export function demandToken(scope: FastifyInstance, { accounts, tokens, limits = UNLIMITED }: CallerOptions) {
  scope.addHook('onRoute', (route) => {
    const response = { ...failures('RATE_LIMITED'), ...(route.schema?.response as object | undefined) };
    route.schema = { ...route.schema, security: BEARER, response };
  });
  scope.addHook('onRequest', async (request) => {
    const caller = await tokens.verifyAccess(bearerOf(request));
    await limits.take('api', caller.userId);
    callers.set(request, { user: await accounts.confirm(caller), loginId: caller.loginId });
  });
  return scope.withTypeProvider<TypeBoxTypeProvider>();
}

/** The user who calls, in a scope that demands a token. */
export function callerOf(request: FastifyRequest): User {
  return known(request).user;
}

/** The user who calls. Throws FORBIDDEN for anybody but an administrator. */
export function administratorOf(request: FastifyRequest): User {
  const user = callerOf(request);
  if (!user.administrator) throw new HermitError('FORBIDDEN', 'This is for administrators.');
  return user;
}

/** The login that the caller's token came from; null for a token that names none. */
export function loginOf(request: FastifyRequest): string | null {
  return known(request).loginId;
}

function known(request: FastifyRequest) {
  const caller = callers.get(request);
  if (caller === undefined) throw new HermitError('INTERNAL', 'this route does not demand a token');
  return caller;
}

function bearerOf(request: FastifyRequest): string {
  const [, token] = /^Bearer +([^\s]+)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (token === undefined) throw new HermitError('NOT_AUTHENTICATED', 'Send an access token: Authorization: Bearer …');
  return token;
}
