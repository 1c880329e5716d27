// The core's directory over accounts, tokens and presence: promises turned into one callback with a deadline.
import { HermitError } from '@hermit/protocol';
import { roleOf } from '../auth/permissions.ts';
import type { Tokens } from '../auth/tokens.ts';
import { type Limiter, UNLIMITED } from '../limits/limiter.ts';
import type { Presence } from '../presence/presence.ts';
import type { Directory } from '../relay/directory.ts';
import type { Accounts } from './accounts.ts';

/** After this time without an answer the asker hears UNAVAILABLE; milliseconds. */
const DEADLINE = 5_000;
/** How often machines that were seen are written down; milliseconds. */
const WRITE_SEEN = 5_000;

export type DirectoryOptions = { accounts: Accounts; tokens: Tokens; presence: Presence; limits?: Limiter };

export function createDirectory(options: DirectoryOptions): Directory & { close(): void } {
  const { accounts, tokens, presence, limits = UNLIMITED } = options;
  let seen = new Map<string, number>();
  const timer = setInterval(() => {
    if (seen.size === 0) return;
    const due = seen;
    seen = new Map();
    // Lost if the database is away; the next time it is seen is soon.
    accounts.machinesSeen(due).catch(() => {});
  }, WRITE_SEEN);
  timer.unref();

  return {
    client(token, done, introduction = false) {
      settle(confirmed(token, introduction), done);
    },

    agent(token, machineName, done, introduction = false) {
      settle(machineOf(token, machineName, introduction), done);
    },

    machines(userId, done) {
      settle(machinesOf(userId), done);
    },

    role(userId, machineId, sessionId, done) {
      settle(roleAt(userId, machineId, sessionId), (found) =>
        found instanceof HermitError ? done(found) : done(found.role, found.until),
      );
    },

    online(machineId, done) {
      settle(
        presence.machines([machineId]).then((found) => found.has(machineId)),
        (online) => done(online instanceof HermitError ? null : online),
      );
    },

    seen(machineId, at) {
      seen.set(machineId, at);
    },

    close() {
      clearInterval(timer);
    },
  };

  async function confirmed(token: string, introduction: boolean) {
    const caller = await tokens.verifyAccess(token);
    if (introduction) await limits.take('client', caller.userId);
    try {
      await accounts.confirm(caller);
    } catch (error) {
      // The token itself is good for its few minutes: a database that is away ends nobody's terminal.
      if (!(error instanceof HermitError) || error.code !== 'UNAVAILABLE') throw error;
    }
    const { userId, email, loginId, expiresAt } = caller;
    return { userId, email, loginId, expiresAt };
  }

  async function machineOf(token: string, machineName: string, introduction: boolean) {
    const machine = await accounts.machineByToken(token);
    if (machine === null) throw new HermitError('INVALID_TOKEN', 'No machine has this token.');
    if (introduction) await limits.take('agent', machine.id);
    if (introduction && machine.name !== machineName) {
      const message = `This token belongs to the machine “${machine.name}”, not “${machineName}”.`;
      throw new HermitError('MACHINE_NAME_MISMATCH', message);
    }
    return { machineId: machine.id, userId: machine.userId, name: machine.name };
  }

  async function machinesOf(userId: string) {
    const machines = await accounts.machinesOf(userId);
    const online = await presence.machines(machines.map(({ id }) => id));
    return machines.map(({ id, name, lastSeen }) => {
      const live = online.get(id);
      return {
        id,
        name,
        online: live !== undefined,
        lastSeen: live?.lastSeen ?? lastSeen,
        sessionCount: live?.sessionCount ?? 0,
      };
    });
  }

  async function roleAt(userId: string, machineId: string, sessionId: string | null) {
    const { ownerId, shares } = await rightsAt(userId, machineId, sessionId);
    const role = ownerId === null ? null : roleOf(userId, { ownerId, sessionId }, shares, Date.now());
    if (role === null) throw new HermitError('MACHINE_NOT_FOUND');
    // The first share that ends may change the role; whoever holds it asks again then.
    const ends = shares.map(({ expiresAt }) => expiresAt ?? Number.POSITIVE_INFINITY);
    return { role, until: role === 'owner' || ends.length === 0 ? null : Math.min(...ends) };
  }

  /** Nothing is cached: a share that was withdrawn is none from then on. */
  async function rightsAt(userId: string, machineId: string, sessionId: string | null) {
    try {
      return (await accounts.rightsAt(userId, machineId, sessionId)) ?? { ownerId: null, shares: [] };
    } catch (error) {
      if (!(error instanceof HermitError) || error.code !== 'UNAVAILABLE') throw error;
      // Presence was written by a pod that had asked: good enough for an owner to reattach to what runs. Of shares
      // nobody can tell now, so nobody who is not the owner comes in.
      const ownerId = (await presence.machines([machineId])).get(machineId)?.userId;
      if (ownerId !== userId) throw error;
      return { ownerId, shares: [] };
    }
  }
}

/** One call of `done`, with the value, or with a HermitError. */
function settle<T>(promise: Promise<T>, done: (value: T | HermitError) => void): void {
  let over = false;
  const finish = (value: T | HermitError) => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    done(value);
  };
  const timer = setTimeout(() => finish(new HermitError('UNAVAILABLE')), DEADLINE);
  promise.then(finish, (error: unknown) =>
    finish(error instanceof HermitError ? error : new HermitError('UNAVAILABLE')),
  );
}
