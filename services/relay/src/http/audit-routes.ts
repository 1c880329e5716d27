// The audit of one's own account, machines and sessions.
import { Timestamp, Uuid } from '@hermit/protocol';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Audit } from '../accounts/audit.ts';
import { type CallerOptions, callerOf, demandToken } from './caller.ts';
import { failures } from './http-errors.ts';

const USUAL = 50;
const MOST = 200;

const Maybe = (what: typeof Uuid) => Type.Union([what, Type.Null()]);
const Entry = Type.Object({
  id: Type.String(),
  at: Timestamp,
  action: Type.String(),
  actorEmail: Type.Union([Type.String(), Type.Null()], { description: 'Who did it; null: nobody who is known' }),
  address: Type.String(),
  machineId: Maybe(Uuid),
  sessionId: Maybe(Uuid),
  details: Type.Record(Type.String(), Type.Unknown()),
});

export type AuditRoutesOptions = CallerOptions & {
  entries: Audit['entries'];
};

export function auditRoutes(scope: FastifyInstance, options: AuditRoutesOptions): void {
  demandToken(scope, options).get(
    '/api/audit',
    {
      schema: {
        tags: ['account'],
        summary: 'What happened to your account, your machines and their sessions; the latest first',
        querystring: Type.Object({
          before: Type.Optional(
            Type.String({ pattern: '^\\d{1,18}$', description: 'the id of an entry: older ones come' }),
          ),
          limit: Type.Optional(Type.String({ pattern: '^\\d{1,3}$', description: `a number from 1 to ${MOST}` })),
        }),
        response: {
          200: Type.Object({ entries: Type.Array(Entry) }),
          ...failures('VALIDATION', 'NOT_AUTHENTICATED', 'UNAVAILABLE'),
        },
      },
    },
    async (request) => {
      const { before = null, limit = `${USUAL}` } = request.query;
      const entries = await options.entries(callerOf(request).id, {
        before,
        limit: Math.min(Math.max(1, Number(limit)), MOST),
      });
      return { entries };
    },
  );
}
