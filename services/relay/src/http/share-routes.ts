// Sharing: the owner of a machine gives one session to another user, or to whoever opens a link, and takes it back.
import { Name, SessionInfo, Timestamp, Token, Uuid } from '@hermit/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import type { Accounts, ReceivedShare } from '../accounts/accounts.ts';
import { type AuditAction, type AuditEvent, NOBODY_LISTENS, type Recorder } from '../accounts/audit.ts';
import { UNLIMITED } from '../limits/limiter.ts';
import { type CallerOptions, callerOf, DENIED, demandToken } from './caller.ts';
import { failures } from './http-errors.ts';
import { originOf } from './origin.ts';

/** Seconds that a share is good for: a day unless said otherwise, at most a quarter of a year. */
const USUAL = 86_400;
const SHORTEST = 60;
const LONGEST = 90 * 86_400;

const Role = Type.Union([Type.Literal('viewer'), Type.Literal('driver')], {
  description: 'viewer (looks) or driver (looks and types)',
});
const Common = {
  id: Uuid,
  machineId: Uuid,
  machineName: Name,
  sessionId: Uuid,
  role: Role,
  createdAt: Timestamp,
  expiresAt: Timestamp,
};
const Given = Type.Object({
  ...Common,
  email: Type.Union([Type.String(), Type.Null()], { description: 'With whom; null: a link' }),
  linkId: Type.Union([Uuid, Type.Null()], { description: 'The link that this share was accepted from' }),
});
const Received = Type.Object({
  ...Common,
  ownerEmail: Type.String(),
  session: Type.Union([SessionInfo, Type.Null()], { description: 'Null: its machine is offline, or it has ended' }),
});
const Wish = Type.Object({
  email: Type.Optional(
    Type.String({ minLength: 1, maxLength: 254, pattern: '^[^\\u0000]*$', description: "a user's e-mail address" }),
  ),
  role: Role,
  expiresInSeconds: Type.Optional(
    Type.Integer({ minimum: SHORTEST, maximum: LONGEST, description: `a number from ${SHORTEST} to ${LONGEST}` }),
  ),
});
/** Any text: what is no id is as unknown as an id that nobody has. */
const OfSession = Type.Object({ id: Type.String(), sessionId: Type.String() });
const OfShare = Type.Object({ id: Type.String(), sessionId: Type.String(), shareId: Type.String() });
const Gone = Type.Null({ description: 'Withdrawn, and everybody it concerned is detached' });

export type SessionReader = (machineId: string) => Promise<SessionInfo[]>;

type ShareRoutesOptions = CallerOptions & {
  accounts: Pick<Accounts, 'share' | 'sharesGiven' | 'sharesReceived' | 'acceptShare' | 'withdrawShare' | 'leaveShare'>;
  /** The sessions of a machine, as presence shows them. */
  sessions: SessionReader;
  audit?: Recorder;
  now?: () => number;
};

type Shared = { machineId: string; sessionId: string };

/** Somebody else's machine, session or share is answered as one that does not exist: 404. */
export function shareRoutes(scope: FastifyInstance, options: ShareRoutesOptions): void {
  const { accounts, sessions, limits = UNLIMITED, audit = NOBODY_LISTENS, now = Date.now } = options;
  const record = (request: FastifyRequest, action: AuditAction, of: Shared, details: AuditEvent['details'] = {}) => {
    const { id: actorId } = callerOf(request);
    const { machineId, sessionId } = of;
    audit.record({ action, actorId, address: originOf(request).address, machineId, sessionId, details });
  };
  const app = demandToken(scope, options);
  const tags = ['sharing'];

  app.post(
    '/api/machines/:id/sessions/:sessionId/shares',
    {
      schema: {
        tags,
        summary: 'Share a session with a user, or by a link',
        description: 'With an e-mail address: with that user. Without: the answer has a token, for a link, shown once.',
        params: OfSession,
        body: Wish,
        response: {
          201: Type.Object({ share: Given, token: Type.Optional(Type.String()) }),
          ...failures('VALIDATION', 'SHARE_LIMIT', 'MACHINE_NOT_FOUND', 'RATE_LIMITED'),
          ...DENIED,
        },
      },
    },
    async (request, reply) => {
      const { id: machineId, sessionId } = request.params;
      const { email = null, role, expiresInSeconds = USUAL } = request.body;
      const expiresAt = now() + expiresInSeconds * 1000;
      await limits.take('share', callerOf(request).id);
      const { share, token } = await accounts.share(callerOf(request).id, {
        machineId,
        sessionId,
        email,
        role,
        expiresAt,
      });
      record(request, 'shared', share, { with: share.email ?? 'a link', role, expiresAt });
      return reply.code(201).send(token === null ? { share } : { share, token });
    },
  );

  app.get(
    '/api/machines/:id/sessions/:sessionId/shares',
    {
      schema: {
        tags,
        summary: 'With whom a session is shared',
        params: OfSession,
        response: {
          200: Type.Object({ shares: Type.Array(Given) }),
          ...failures('MACHINE_NOT_FOUND'),
          ...DENIED,
        },
      },
    },
    async (request) => {
      const { id: machineId, sessionId } = request.params;
      return { shares: await accounts.sharesGiven(callerOf(request).id, { machineId, sessionId }) };
    },
  );

  app.delete(
    '/api/machines/:id/sessions/:sessionId/shares/:shareId',
    {
      schema: {
        tags,
        summary: 'Withdraw a share; with a link, what was accepted from it',
        params: OfShare,
        response: { 204: Gone, ...failures('SHARE_NOT_FOUND'), ...DENIED },
      },
    },
    async (request, reply) => {
      const { id: machineId, sessionId, shareId } = request.params;
      const gone = await accounts.withdrawShare(callerOf(request).id, { machineId, sessionId }, shareId);
      record(request, 'share_withdrawn', gone, { with: gone.email ?? 'a link', role: gone.role });
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/api/shares',
    {
      schema: {
        tags,
        summary: 'What is shared with you, and what you share',
        response: { 200: Type.Object({ received: Type.Array(Received), given: Type.Array(Given) }), ...DENIED },
      },
    },
    async (request) => {
      const { id } = callerOf(request);
      const [received, given] = await Promise.all([accounts.sharesReceived(id), accounts.sharesGiven(id)]);
      return { received: await withSessions(received, sessions), given };
    },
  );

  app.post(
    '/api/shares',
    {
      schema: {
        tags,
        summary: 'Accept a link',
        body: Type.Object({ token: Type.Intersect([Token], { description: 'the token of a link' }) }),
        response: {
          201: Type.Object({ share: Received }),
          ...failures('VALIDATION', 'SHARE_LIMIT', 'SHARE_NOT_FOUND', 'RATE_LIMITED'),
          ...DENIED,
        },
      },
    },
    async (request, reply) => {
      await limits.take('code', callerOf(request).id);
      const accepted = await accounts.acceptShare(callerOf(request).id, request.body.token);
      record(request, 'share_accepted', accepted, { role: accepted.role });
      const [share] = await withSessions([accepted], sessions);
      return reply.code(201).send({ share: share as Static<typeof Received> });
    },
  );

  app.delete(
    '/api/shares/:shareId',
    {
      schema: {
        tags,
        summary: 'Give back what was shared with you',
        params: Type.Object({ shareId: Type.String() }),
        response: { 204: Gone, ...failures('SHARE_NOT_FOUND'), ...DENIED },
      },
    },
    async (request, reply) => {
      const left = await accounts.leaveShare(callerOf(request).id, request.params.shareId);
      record(request, 'share_left', left, { role: left.role });
      return reply.code(204).send(null);
    },
  );
}

/** What presence cannot tell is missing from the answer; what is shared is known without it. */
async function withSessions(shares: readonly ReceivedShare[], sessions: SessionReader) {
  const machines = [...new Set(shares.map(({ machineId }) => machineId))];
  const found = await Promise.all(machines.map((id) => sessions(id).catch(() => [])));
  // By machine: an agent names the ids of its sessions, and might name those of another's.
  const byMachine = new Map(machines.map((id, at) => [id, new Map(found[at]?.map((each) => [each.id, each]))]));
  return shares.map((share) => ({
    ...share,
    session: byMachine.get(share.machineId)?.get(share.sessionId) ?? null,
  }));
}
