// What people do to what is theirs, for the audit: who, what, and from where.
import type { FastifyRequest } from 'fastify';
import type { AuditAction, AuditEvent, Recorder } from '../accounts/audit.ts';
import { originOf } from './origin.ts';

/** `userId`: who did it, and whose it is. */
export function recordOwn(
  audit: Recorder,
  request: FastifyRequest,
  userId: string,
  action: AuditAction,
  about: Pick<AuditEvent, 'machineId' | 'details'> = {},
): void {
  audit.record({ action, ownerId: userId, actorId: userId, address: originOf(request).address, ...about });
}
