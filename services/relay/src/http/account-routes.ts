// One's own account: who one is, one's logins, one's password.
import { Timestamp, Uuid } from '@hermit/protocol';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Accounts } from '../accounts/accounts.ts';
import { NOBODY_LISTENS, type Recorder } from '../accounts/audit.ts';
import { UNLIMITED } from '../limits/limiter.ts';
import { type CallerOptions, callerOf, DENIED, demandToken, loginOf } from './caller.ts';
import { failures } from './http-errors.ts';
import { AnyText, NewPassword } from './login-routes.ts';
import { recordOwn } from './record-own.ts';
import { refusalsNoted } from './step-up.ts';

const LoginInfo = Type.Object({
  id: Uuid,
  createdAt: Timestamp,
  lastUsedAt: Timestamp,
  expiresAt: Timestamp,
  client: Type.String({ description: 'What the program called itself' }),
  address: Type.String({ description: 'Where it was when it was last heard of' }),
  current: Type.Boolean({ description: 'The login that asks' }),
});
const Ended = Type.Null({ description: 'Ended, and its open sockets are closed' });

type AccountRoutesOptions = CallerOptions & {
  accounts: Pick<Accounts, 'loginsOf' | 'endLoginById' | 'endLoginsOf' | 'changePassword'>;
  audit?: Recorder;
};

export function accountRoutes(scope: FastifyInstance, options: AccountRoutesOptions): void {
  const { accounts, limits = UNLIMITED, audit = NOBODY_LISTENS } = options;
  const app = demandToken(scope, options);
  const tags = ['account'];

  app.get(
    '/api/me',
    {
      schema: {
        tags,
        summary: 'Who you are',
        response: {
          200: Type.Object({ id: Uuid, email: Type.String(), administrator: Type.Boolean() }),
          ...DENIED,
        },
      },
    },
    async (request) => {
      const { id, email, administrator } = callerOf(request);
      return { id, email, administrator };
    },
  );

  app.get(
    '/api/logins',
    {
      schema: {
        tags,
        summary: 'Your logins',
        response: { 200: Type.Object({ logins: Type.Array(LoginInfo) }), ...DENIED },
      },
    },
    async (request) => {
      const logins = await accounts.loginsOf(callerOf(request).id);
      return { logins: logins.map((login) => ({ ...login, current: login.id === loginOf(request) })) };
    },
  );

  app.delete(
    '/api/logins/:id',
    {
      schema: {
        tags,
        summary: 'End one of your logins',
        params: Type.Object({ id: Type.String() }),
        response: { 204: Ended, ...failures('NOT_FOUND'), ...DENIED },
      },
    },
    async (request, reply) => {
      const { id } = callerOf(request);
      await accounts.endLoginById(id, request.params.id);
      recordOwn(audit, request, id, 'logout', { details: { login: request.params.id } });
      return reply.code(204).send(null);
    },
  );

  app.delete(
    '/api/logins',
    { schema: { tags, summary: 'Log out everywhere, here included', response: { 204: Ended, ...DENIED } } },
    async (request, reply) => {
      const { id } = callerOf(request);
      await accounts.endLoginsOf(id);
      recordOwn(audit, request, id, 'logout');
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/api/password',
    {
      schema: {
        tags,
        summary: 'Change your password; your other logins end',
        body: Type.Object({ current: AnyText('the present password'), next: NewPassword }),
        response: {
          204: Type.Null({ description: 'Changed' }),
          ...failures('VALIDATION', 'INVALID_CREDENTIALS', 'RATE_LIMITED'),
          ...DENIED,
        },
      },
    },
    async (request, reply) => {
      const { id } = callerOf(request);
      await limits.take('password', id);
      await refusalsNoted(request, audit, accounts.changePassword(id, request.body));
      await accounts.endLoginsOf(id, loginOf(request));
      recordOwn(audit, request, id, 'password_changed');
      return reply.code(204).send(null);
    },
  );
}
