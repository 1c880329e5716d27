// The identities of an account: who else may log in to it by single sign-on, and taking one away.
import { Timestamp, Uuid } from '@hermit/protocol';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Accounts } from '../accounts/accounts.ts';
import { NOBODY_LISTENS, type Recorder } from '../accounts/audit.ts';
import { type CallerOptions, callerOf, DENIED, demandToken } from './caller.ts';
import { failures } from './http-errors.ts';
import { recordOwn } from './record-own.ts';

const IdentityInfo = Type.Object({
  id: Uuid,
  issuer: Type.String({ description: 'The provider' }),
  subject: Type.String({ description: 'What it calls the person' }),
  createdAt: Timestamp,
});

type IdentityRoutesOptions = CallerOptions & {
  accounts: Pick<Accounts, 'identitiesOf' | 'removeIdentity'>;
  audit?: Recorder;
};

export function identityRoutes(scope: FastifyInstance, options: IdentityRoutesOptions): void {
  const { accounts, audit = NOBODY_LISTENS } = options;
  const app = demandToken(scope, options);
  const tags = ['account'];

  app.get(
    '/api/identities',
    {
      schema: {
        tags,
        summary: 'By which identities of single sign-on your account is logged in to',
        response: { 200: Type.Object({ identities: Type.Array(IdentityInfo) }), ...DENIED },
      },
    },
    async (request) => ({ identities: await accounts.identitiesOf(callerOf(request).id) }),
  );

  app.delete(
    '/api/identities/:id',
    {
      schema: {
        tags,
        summary: 'Take an identity away: it logs in to your account no more; logins that are open go on',
        params: Type.Object({ id: Type.String() }),
        response: { 204: Type.Null({ description: 'Taken away' }), ...failures('NOT_FOUND', 'FORBIDDEN'), ...DENIED },
      },
    },
    async (request, reply) => {
      const { id } = callerOf(request);
      const { issuer } = await accounts.removeIdentity(id, request.params.id);
      recordOwn(audit, request, id, 'identity_removed', { details: { issuer } });
      return reply.code(204).send(null);
    },
  );
}
