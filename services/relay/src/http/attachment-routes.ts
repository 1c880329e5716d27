// Who looks at a session, and who of them types: for everybody who may look at it.
import { type AttachmentInfo, HermitError, Timestamp, Uuid } from '@hermit/protocol';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Accounts } from '../accounts/accounts.ts';
import { may, roleOf } from '../auth/permissions.ts';
import { type CallerOptions, callerOf, demandToken } from './caller.ts';
import { failures } from './http-errors.ts';

const Attachment = Type.Object({
  id: Uuid,
  email: Type.String({ description: 'Whose it is' }),
  readOnly: Type.Boolean({ description: 'Looks; else may type' }),
  since: Timestamp,
});

export type AttachmentRoutesOptions = CallerOptions & {
  accounts: Pick<Accounts, 'rightsAt' | 'emailsAt'>;
  /** The attachments of a machine, as presence shows them. */
  attachments: (machineId: string) => Promise<AttachmentInfo[]>;
  now?: () => number;
};

export function attachmentRoutes(scope: FastifyInstance, options: AttachmentRoutesOptions): void {
  const { accounts, attachments, now = Date.now } = options;
  demandToken(scope, options).get(
    '/api/machines/:id/sessions/:sessionId/attachments',
    {
      schema: {
        tags: ['sharing'],
        summary: 'Who looks at a session; `driver` of a tip names one of these by its id',
        params: Type.Object({ id: Type.String(), sessionId: Type.String() }),
        response: {
          200: Type.Object({ attachments: Type.Array(Attachment) }),
          ...failures('MACHINE_NOT_FOUND', 'NOT_AUTHENTICATED', 'UNAVAILABLE'),
        },
      },
    },
    async (request) => {
      const { id: machineId, sessionId } = request.params;
      const userId = callerOf(request).id;
      const rights = await accounts.rightsAt(userId, machineId, sessionId);
      const role = rights && roleOf(userId, { ownerId: rights.ownerId, sessionId }, rights.shares, now());
      if (!may(role, 'attach')) throw new HermitError('MACHINE_NOT_FOUND');
      const here = (await attachments(machineId)).filter((each) => each.sessionId === sessionId);
      const emails = await accounts.emailsAt(
        machineId,
        sessionId,
        here.map((each) => each.userId),
      );
      return {
        attachments: here.map(({ id, readOnly, since, userId: whose }) => ({
          ...{ id, readOnly, since },
          email: emails.get(whose) ?? '',
        })),
      };
    },
  );
}
