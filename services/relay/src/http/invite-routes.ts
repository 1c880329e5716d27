// Invitations, for administrators: who holds one may register where registration is by invitation.
import { Timestamp, Uuid } from '@hermit/protocol';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Accounts } from '../accounts/accounts.ts';
import { NOBODY_LISTENS, type Recorder } from '../accounts/audit.ts';
import { UNLIMITED } from '../limits/limiter.ts';
import { administratorOf, type CallerOptions, demandToken } from './caller.ts';
import { failures } from './http-errors.ts';
import { Email } from './login-routes.ts';
import { recordOwn } from './record-own.ts';

/** Seconds that an invitation is good for: a week unless said otherwise. */
const USUAL = 7 * 86_400;
const LONGEST = 30 * 86_400;

const InviteInfo = Type.Object({
  id: Uuid,
  email: Type.Union([Type.String(), Type.Null()], { description: 'Whom it is for; null: whoever has it' }),
  createdAt: Timestamp,
  expiresAt: Timestamp,
});

type InviteRoutesOptions = CallerOptions & {
  accounts: Pick<Accounts, 'invite' | 'invites' | 'withdrawInvite'>;
  audit?: Recorder;
};

export function inviteRoutes(scope: FastifyInstance, options: InviteRoutesOptions): void {
  const { accounts, limits = UNLIMITED, audit = NOBODY_LISTENS } = options;
  const app = demandToken(scope, options);
  const tags = ['administration'];
  const denied = failures('NOT_AUTHENTICATED', 'FORBIDDEN', 'UNAVAILABLE');

  app.post(
    '/api/invites',
    {
      schema: {
        tags,
        summary: 'Invite somebody',
        body: Type.Object({
          email: Type.Optional(Email),
          expiresInSeconds: Type.Optional(
            Type.Integer({ minimum: 60, maximum: LONGEST, description: `a number from 60 to ${LONGEST}` }),
          ),
        }),
        response: {
          201: Type.Object({ invite: InviteInfo, token: Type.String({ description: 'Shown this once' }) }),
          ...failures('VALIDATION', 'RATE_LIMITED'),
          ...denied,
        },
      },
    },
    async (request, reply) => {
      const { id } = administratorOf(request);
      await limits.take('invite', id);
      const { email = null, expiresInSeconds = USUAL } = request.body;
      const made = await accounts.invite(id, { email, expiresAt: Date.now() + expiresInSeconds * 1000 });
      recordOwn(audit, request, id, 'invited', { details: { email } });
      return reply.code(201).send(made);
    },
  );

  app.get(
    '/api/invites',
    {
      schema: {
        tags,
        summary: 'The invitations that are open',
        response: { 200: Type.Object({ invites: Type.Array(InviteInfo) }), ...denied },
      },
    },
    async (request) => {
      administratorOf(request);
      return { invites: await accounts.invites() };
    },
  );

  app.delete(
    '/api/invites/:id',
    {
      schema: {
        tags,
        summary: 'Withdraw an invitation',
        params: Type.Object({ id: Type.String() }),
        response: { 204: Type.Null({ description: 'Withdrawn' }), ...failures('NOT_FOUND'), ...denied },
      },
    },
    async (request, reply) => {
      const { id } = administratorOf(request);
      await accounts.withdrawInvite(request.params.id);
      recordOwn(audit, request, id, 'invite_withdrawn');
      return reply.code(204).send(null);
    },
  );
}
