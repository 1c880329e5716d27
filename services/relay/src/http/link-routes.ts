// Signing in by a link that works once: made with a password, used in a browser.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { Timestamp, Token } from '@hermit/protocol';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Accounts } from '../accounts/accounts.ts';
import { NOBODY_LISTENS, type Recorder } from '../accounts/audit.ts';
import { limited } from '../limits/request-limits.ts';
import { type CallerOptions, callerOf, demandToken } from './caller.ts';
import { failures } from './http-errors.ts';
import { AnyText, bodyOf, LoginBody } from './login-routes.ts';
import { originOf } from './origin.ts';
import { recordOwn } from './record-own.ts';
import { provePassword } from './step-up.ts';

type LinkRoutesOptions = CallerOptions & {
  accounts: Pick<Accounts, 'authenticate' | 'loggedInFrom' | 'makeSignInLink' | 'useSignInLink'>;
  audit?: Recorder;
};

/**
 * The password is asked for beside the token: a link gives a login of its own, and a stolen access token, which is
 * worth minutes, must not buy one.
 */
export function makeLinkRoute(scope: FastifyInstance, options: LinkRoutesOptions): void {
  const { accounts } = options;
  demandToken(scope, options).post(
    '/api/sign-in-links',
    {
      schema: {
        tags: ['log-in'],
        summary: 'Make a code that signs you in once, within 15 minutes, without a password',
        body: Type.Object({ password: AnyText('your password') }),
        response: {
          201: Type.Object({ code: Type.String({ description: 'Shown this once' }), expiresAt: Timestamp }),
          ...failures('VALIDATION', 'INVALID_CREDENTIALS', 'NOT_AUTHENTICATED', 'RATE_LIMITED', 'UNAVAILABLE'),
        },
      },
    },
    async (request, reply) => {
      await provePassword(request, options, request.body.password);
      return reply.code(201).send(await accounts.makeSignInLink(callerOf(request).id));
    },
  );
}

export function useLinkRoute(scope: FastifyInstance, options: LinkRoutesOptions): void {
  const { accounts, audit = NOBODY_LISTENS } = options;
  scope.withTypeProvider<TypeBoxTypeProvider>().post(
    '/auth/link',
    {
      config: limited('login'),
      schema: {
        tags: ['log-in'],
        summary: 'Log in with the code of a link',
        body: Type.Object({ code: Type.Intersect([Token], { description: 'the code of a link' }) }),
        response: { 200: LoginBody, ...failures('VALIDATION', 'INVALID_TOKEN', 'RATE_LIMITED', 'UNAVAILABLE') },
      },
    },
    async (request) => {
      const login = await accounts.useSignInLink(request.body.code, originOf(request));
      recordOwn(audit, request, login.user.id, 'login', { details: { way: 'link' } });
      return bodyOf(login);
    },
  );
}
