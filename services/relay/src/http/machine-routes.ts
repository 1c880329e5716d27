// A user's machines: list, add, rename, remove, and new tokens for their agents.
import { HermitError, MachineInfo } from '@hermit/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Accounts, Machine } from '../accounts/accounts.ts';
import { type AuditAction, NOBODY_LISTENS, type Recorder } from '../accounts/audit.ts';
import { UNLIMITED } from '../limits/limiter.ts';
import { type CallerOptions, callerOf, DENIED, demandToken } from './caller.ts';
import { failures } from './http-errors.ts';
import { recordOwn } from './record-own.ts';

export type MachinePresence = {
  readonly online: boolean;
  /** Milliseconds since 1970; null: presence does not know. */
  readonly lastSeen: number | null;
  readonly sessionCount: number;
};

/** What the machines' leases say. Machines that nobody holds may be missing from the answer. */
export type PresenceReader = { machines(ids: string[]): Promise<ReadonlyMap<string, MachinePresence>> };

/** Milliseconds that presence has to answer. */
const PRESENCE = 3_000;

/**
 * Names are printed in terminals: no control characters, no marks that turn the direction of what follows, no line
 * separators, no halves of characters. No blanks at either end, which nobody would see.
 */
export const MachineName = Type.String({
  minLength: 1,
  maxLength: 64,
  pattern: '^(?!\\s)[^\\p{Cc}\\p{Cs}\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]{1,64}(?<!\\s)$',
  description: 'a name of 1 to 64 printable characters, without blanks at its ends',
});
const Named = Type.Object({ name: MachineName });
const WithToken = Type.Object({
  machine: MachineInfo,
  token: Type.String({ description: 'For the agent. It is shown this once.' }),
});
/** Any text: what is no id is as unknown as an id that nobody has. */
const ById = Type.Object({ id: Type.String() });

type MachineRoutesOptions = CallerOptions & {
  accounts: Pick<Accounts, 'machinesOf' | 'createMachine' | 'renameMachine' | 'removeMachine' | 'rotateMachineToken'>;
  presence: PresenceReader;
  audit?: Recorder;
};

/** Somebody else's machine is answered as one that does not exist: 404. */
export function machineRoutes(scope: FastifyInstance, options: MachineRoutesOptions): void {
  const { accounts, presence, limits = UNLIMITED, audit = NOBODY_LISTENS } = options;
  const record = (request: FastifyRequest, action: AuditAction, machineId: string, name?: string) => {
    const details = name === undefined ? {} : { name };
    recordOwn(audit, request, callerOf(request).id, action, { machineId, details });
  };
  const app = demandToken(scope, options);
  const tags = ['machines'];

  app.get(
    '/api/machines',
    {
      schema: {
        tags,
        summary: 'Your machines',
        response: { 200: Type.Object({ machines: Type.Array(MachineInfo) }), ...DENIED },
      },
    },
    async (request) => ({ machines: await withPresence(await accounts.machinesOf(callerOf(request).id), presence) }),
  );

  app.post(
    '/api/machines',
    {
      schema: {
        tags,
        summary: 'Add a machine',
        body: Named,
        response: { 201: WithToken, ...failures('VALIDATION', 'MACHINE_LIMIT', 'RATE_LIMITED'), ...DENIED },
      },
    },
    async (request, reply) => {
      await limits.take('enrol', callerOf(request).id);
      const { machine, token } = await accounts.createMachine(callerOf(request).id, request.body.name);
      record(request, 'machine_added', machine.id, machine.name);
      // Nobody has its token yet, so nobody can hold it.
      return reply.code(201).send({ machine: infoOf(machine), token });
    },
  );

  app.patch(
    '/api/machines/:id',
    {
      schema: {
        tags,
        summary: 'Rename a machine',
        params: ById,
        body: Named,
        response: {
          200: Type.Object({ machine: MachineInfo }),
          ...failures('VALIDATION', 'MACHINE_NOT_FOUND'),
          ...DENIED,
        },
      },
    },
    async (request) => {
      const machine = await accounts.renameMachine(callerOf(request).id, request.params.id, request.body.name);
      record(request, 'machine_renamed', machine.id, machine.name);
      return { machine: await oneWithPresence(machine, presence) };
    },
  );

  app.delete(
    '/api/machines/:id',
    {
      schema: {
        tags,
        summary: 'Remove a machine; its agent is disconnected',
        params: ById,
        response: { 204: Type.Null({ description: 'Removed' }), ...failures('MACHINE_NOT_FOUND'), ...DENIED },
      },
    },
    async (request, reply) => {
      await accounts.removeMachine(callerOf(request).id, request.params.id);
      record(request, 'machine_removed', request.params.id);
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/api/machines/:id/token',
    {
      schema: {
        tags,
        summary: 'Replace the token of a machine; its agent needs the new one',
        params: ById,
        response: { 200: WithToken, ...failures('MACHINE_NOT_FOUND', 'RATE_LIMITED'), ...DENIED },
      },
    },
    async (request) => {
      await limits.take('enrol', callerOf(request).id);
      const { machine, token } = await accounts.rotateMachineToken(callerOf(request).id, request.params.id);
      record(request, 'machine_token_replaced', machine.id);
      // The token is out: it must reach its owner, whatever presence says.
      return { machine: await oneWithPresence(machine, presence).catch(() => infoOf(machine)), token };
    },
  );
}

export function infoOf({ id, name, lastSeen }: Machine, live?: MachinePresence): MachineInfo {
  const seen = Math.max(lastSeen ?? 0, live?.lastSeen ?? 0);
  return {
    id,
    name,
    online: live?.online ?? false,
    lastSeen: seen > 0 ? seen : null,
    sessionCount: live?.sessionCount ?? 0,
  };
}

/** Throws UNAVAILABLE when presence does not answer: an online machine is never shown as offline for that. */
async function withPresence(machines: readonly Machine[], presence: PresenceReader): Promise<MachineInfo[]> {
  if (machines.length === 0) return [];
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('presence did not answer in time')), PRESENCE);
  });
  try {
    const live = await Promise.race([presence.machines(machines.map(({ id }) => id)), late]);
    return machines.map((machine) => infoOf(machine, live.get(machine.id)));
  } catch (cause) {
    const error = new HermitError('UNAVAILABLE', 'Which machines are online cannot be told at the moment; try again.');
    error.cause = cause;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function oneWithPresence(machine: Machine, presence: PresenceReader): Promise<MachineInfo> {
  const [info] = await withPresence([machine], presence);
  return info ?? infoOf(machine);
}
