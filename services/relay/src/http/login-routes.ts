// Registration, log-in, renewal, log-out.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { HermitError, Token, Uuid } from '@hermit/protocol';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { type Accounts, type Login, TokenReused } from '../accounts/accounts.ts';
import { NOBODY_LISTENS, type Recorder } from '../accounts/audit.ts';
import type { Tokens } from '../auth/tokens.ts';
import { guessed } from '../limits/guesses.ts';
import { type Limiter, UNLIMITED } from '../limits/limiter.ts';
import { addressOf, limited } from '../limits/request-limits.ts';
import { failures } from './http-errors.ts';
import { originOf } from './origin.ts';
import { recordOwn } from './record-own.ts';

/** As browsers check it: ASCII, and a domain that may be a single label. */
const EMAIL =
  "^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?" +
  '(\\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$';

export const Email = Type.String({ maxLength: 254, pattern: EMAIL, description: 'an e-mail address' });
export const NewPassword = Type.String({
  minLength: 8,
  maxLength: 1024,
  description: 'a password of at least 8 characters, and of at most 1024',
});
/** Whatever an account was made with may be tried; a zero byte is nothing that a database keeps. */
export const AnyText = (description: string) => Type.String({ maxLength: 1024, pattern: '^[^\\u0000]*$', description });

const UserBody = Type.Object({ id: Uuid, email: Type.String() });
export const LoginBody = Type.Object({
  user: UserBody,
  accessToken: Type.String({ description: 'Good for 15 minutes' }),
  refreshToken: Type.String({ description: 'Good once, within 7 days; using it twice ends the login' }),
});
const Refresh = Type.Object({ refreshToken: Type.Intersect([Token], { description: 'a refresh token' }) });

type LoginRoutesOptions = {
  accounts: Pick<Accounts, 'register' | 'authenticate' | 'loggedInFrom' | 'openLogin' | 'renewLogin' | 'endLogin'>;
  tokens: Pick<Tokens, 'verifyRefresh'>;
  limits?: Limiter;
  audit?: Recorder;
};

export function loginRoutes(scope: FastifyInstance, options: LoginRoutesOptions): void {
  const { accounts, tokens, limits = UNLIMITED, audit = NOBODY_LISTENS } = options;
  const app = scope.withTypeProvider<TypeBoxTypeProvider>();
  const tags = ['log-in'];

  app.post(
    '/auth/register',
    {
      config: limited('register'),
      schema: {
        tags,
        summary: 'Make an account, and log in',
        body: Type.Object({
          email: Email,
          password: NewPassword,
          invite: Type.Optional(AnyText('the token of an invitation')),
        }),
        response: { 201: LoginBody, ...failures('VALIDATION', 'REGISTRATION_CLOSED', 'RATE_LIMITED', 'UNAVAILABLE') },
      },
    },
    async (request, reply) => {
      const user = await accounts.register(request.body);
      recordOwn(audit, request, user.id, 'registered');
      return reply.code(201).send(bodyOf(await accounts.openLogin(user, originOf(request))));
    },
  );

  app.post(
    '/auth/login',
    {
      config: limited('login'),
      schema: {
        tags,
        summary: 'Log in with e-mail and password',
        body: Type.Object({ email: AnyText('an e-mail address'), password: AnyText('a password') }),
        response: { 200: LoginBody, ...failures('VALIDATION', 'INVALID_CREDENTIALS', 'RATE_LIMITED', 'UNAVAILABLE') },
      },
    },
    async (request) => {
      const { email } = request.body;
      const attempt = () =>
        accounts.authenticate(request.body).catch((error) => {
          const { address } = originOf(request);
          if (error instanceof HermitError && error.code === 'INVALID_CREDENTIALS') {
            audit.record({ action: 'login_failed', ownerEmail: email, actorId: null, address });
          }
          throw error;
        });
      const familiar = () => accounts.loggedInFrom(email, request.ip);
      const user = await guessed(limits, [email, addressOf(request)], attempt, familiar);
      recordOwn(audit, request, user.id, 'login', { details: { way: 'password' } });
      return bodyOf(await accounts.openLogin(user, originOf(request)));
    },
  );

  app.post(
    '/auth/refresh',
    {
      config: limited('refresh'),
      schema: {
        tags,
        summary: 'Trade a refresh token for new tokens',
        body: Refresh,
        response: { 200: LoginBody, ...failures('VALIDATION', 'INVALID_TOKEN', 'RATE_LIMITED', 'UNAVAILABLE') },
      },
    },
    async (request) => {
      const { refreshToken } = request.body;
      await limits.take('renew', (await tokens.verifyRefresh(refreshToken)).loginId);
      try {
        return bodyOf(await accounts.renewLogin(refreshToken, originOf(request)));
      } catch (error) {
        if (error instanceof TokenReused) {
          recordOwn(audit, request, error.userId, 'login_reused', { details: { login: error.loginId } });
        }
        throw error;
      }
    },
  );

  app.post(
    '/auth/logout',
    {
      config: limited('refresh'),
      schema: {
        tags,
        summary: 'End the login of a refresh token',
        body: Refresh,
        response: {
          204: Type.Null({ description: 'Ended, now or before' }),
          ...failures('VALIDATION', 'INVALID_TOKEN', 'RATE_LIMITED', 'UNAVAILABLE'),
        },
      },
    },
    async (request, reply) => {
      const { userId, loginId: login, ended } = await accounts.endLogin(request.body.refreshToken);
      if (ended) recordOwn(audit, request, userId, 'logout', { details: { login } });
      return reply.code(204).send(null);
    },
  );
}

export function bodyOf({ user, accessToken, refreshToken }: Login) {
  return { user: { id: user.id, email: user.email }, accessToken, refreshToken };
}
