// One's own account: who one is, one's logins, one's password.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { Timestamp, Uuid } from '@hermit/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Accounts } from '../accounts/accounts.ts';
import { type AuditAction, type AuditEvent, NOBODY_LISTENS, type Recorder } from '../accounts/audit.ts';
import type { Tokens } from '../auth/tokens.ts';
import { type Limiter, UNLIMITED } from '../limits/limiter.ts';
import { callerOf, demandToken, loginOf } from './caller.ts';
import { failures } from './http-errors.ts';
import { AnyText, NewPassword } from './login-routes.ts';
import { originOf } from './origin.ts';
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

type AccountRoutesOptions = {
  accounts: Pick<Accounts, 'confirm' | 'loginsOf' | 'endLoginById' | 'endLoginsOf' | 'changePassword'>;
  tokens: Pick<Tokens, 'verifyAccess'>;
  limits?: Limiter;
  audit?: Recorder;
};

export function accountRoutes(scope: FastifyInstance, options: AccountRoutesOptions): void {
  const { accounts, limits = UNLIMITED, audit = NOBODY_LISTENS } = options;
  const record = (request: FastifyRequest, action: AuditAction, details: AuditEvent['details'] = {}) => {
    const { id } = callerOf(request);
    audit.record({ action, ownerId: id, actorId: id, address: originOf(request).address, details });
  };
  demandToken(scope, options);
  const app = scope.withTypeProvider<TypeBoxTypeProvider>();
  const tags = ['account'];
  const denied = failures('NOT_AUTHENTICATED', 'UNAVAILABLE');

  app.get(
    '/api/me',
    {
      schema: {
        tags,
        summary: 'Who you are',
        response: {
          200: Type.Object({ id: Uuid, email: Type.String(), administrator: Type.Boolean() }),
          ...denied,
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
        response: { 200: Type.Object({ logins: Type.Array(LoginInfo) }), ...denied },
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
        response: { 204: Ended, ...failures('NOT_FOUND'), ...denied },
      },
    },
    async (request, reply) => {
      await accounts.endLoginById(callerOf(request).id, request.params.id);
      record(request, 'logout', { login: request.params.id });
      return reply.code(204).send(null);
    },
  );

  app.delete(
    '/api/logins',
    { schema: { tags, summary: 'Log out everywhere, here included', response: { 204: Ended, ...denied } } },
    async (request, reply) => {
      await accounts.endLoginsOf(callerOf(request).id);
      record(request, 'logout');
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
          ...denied,
        },
      },
    },
    async (request, reply) => {
      const { id } = callerOf(request);
      await limits.take('password', id);
      await refusalsNoted(request, audit, accounts.changePassword(id, request.body));
      await accounts.endLoginsOf(id, loginOf(request));
      record(request, 'password_changed');
      return reply.code(204).send(null);
    },
  );
}
