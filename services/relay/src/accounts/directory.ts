// The core's directory over accounts, tokens and presence: promises turned into one callback with a deadline.
import { HermitError } from '@hermit/protocol';
import { roleOf } from '../auth/permissions.ts';
import type { Tokens } from '../auth/tokens.ts';
import { type Limiter, UNLIMITED } from '../limits/limiter.ts';
import type { Presence } from '../presence/presence.ts';
import type { Directory, KnownClient } from '../relay/directory.ts';
import type { Accounts } from './accounts.ts';
import { createOutage, type OutageOptions } from './outage.ts';
import { type RememberedMachine, RememberedTokens } from './remembered-tokens.ts';

/** After this time without an answer the asker hears UNAVAILABLE; milliseconds. */
const DEADLINE = 5_000;
/** The same for an agent that introduces itself: it waits for longer, and ten thousand may come at once. */
const DEADLINE_OF_AGENTS = 8_000;
/** The same where something else can vouch meanwhile; and once it is known that the database is away. */
const PATIENCE = 2_500;
const PATIENCE_WHEN_AWAY = 500;
/** How often machines that were seen are written down; milliseconds. */
const WRITE_SEEN = 5_000;

export type DirectoryOptions = {
  accounts: Pick<Accounts, 'confirm' | 'machineByToken' | 'machinesOf' | 'machinesSeen' | 'rightsAt' | 'userById'>;
  tokens: Tokens;
  presence: Pick<Presence, 'machines'>;
  limits?: Limiter;
  /** Machine tokens that are good for a while without the database; by default none is. */
  memory?: RememberedTokens;
  /** The database answers again, and somebody was let in without it: all rights are to be looked at anew. */
  restored?: OutageOptions['restored'];
  /** Milliseconds that never go backwards. */
  monotonic?: () => number;
};

export function createDirectory(options: DirectoryOptions): Directory & { close(): void } {
  const { accounts, tokens, presence, limits = UNLIMITED, memory = new RememberedTokens(), restored } = options;
  const outage = createOutage({
    probe: () => accounts.userById(NOBODY),
    ...(restored ? { restored } : {}),
    ...(options.monotonic ? { monotonic: options.monotonic } : {}),
  });
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

    still(who, done) {
      settle(confirm(who), (answer) => done(answer instanceof HermitError ? answer : null));
    },

    agent(token, machineName, done, introduction = false) {
      settle(machineOf(token, machineName, introduction), done, DEADLINE_OF_AGENTS);
    },

    machines(userId, done) {
      settle(machinesOf(userId), done);
    },

    role(userId, machineId, sessionId, done) {
      settle(roleAt(userId, machineId, sessionId), (found) =>
        found instanceof HermitError ? done(found) : done(found.role, found.until),
      );
    },

    online(machineIds, done) {
      settle(
        presence.machines(machineIds).then((found) => new Set(found.keys())),
        (online) => done(online instanceof HermitError ? null : online),
      );
    },

    seen(machineId, at) {
      seen.set(machineId, at);
    },

    close() {
      clearInterval(timer);
      outage.close();
    },
  };

  function patience(): number {
    return outage.away ? PATIENCE_WHEN_AWAY : PATIENCE;
  }

  async function confirmed(token: string, introduction: boolean) {
    const caller = await tokens.verifyAccess(token);
    if (introduction) await limits.take('client', caller.userId);
    await confirm(caller);
    const { userId, email, loginId, expiresAt } = caller;
    return { userId, email, loginId, expiresAt };
  }

  async function confirm(caller: KnownClient): Promise<void> {
    try {
      await outage.ask(accounts.confirm(caller), patience());
    } catch (error) {
      // The token itself is good for its few minutes: a database that is away ends nobody's terminal.
      if (!isUnavailable(error)) throw error;
      outage.trusted();
    }
  }

  async function machineOf(token: string, machineName: string | null, introduction: boolean) {
    const machine = await (introduction ? introduced(token) : accounts.machineByToken(token));
    if (machine === null) throw new HermitError('INVALID_TOKEN', 'No machine has this token.');
    if (introduction) await limits.take('agent', machine.id);
    if (introduction && machineName !== null && machine.name !== machineName) {
      const message = `This token belongs to the machine “${machine.name}”, not “${machineName}”.`;
      throw new HermitError('MACHINE_NAME_MISMATCH', message);
    }
    return { machineId: machine.id, userId: machine.userId, name: machine.name };
  }

  /** While the database is away, this pod's own memory is good for those who come back; doubts it does not settle. */
  async function introduced(token: string): Promise<RememberedMachine | null> {
    const asOf = memory.forgettings;
    try {
      const found = await outage.ask(
        accounts.machineByToken(token),
        memory.find(token) === null ? DEADLINE : patience(),
      );
      if (found !== null) memory.remember(token, found, asOf);
      else {
        const wrong = memory.find(token);
        if (wrong !== null) memory.forget(wrong.id);
      }
      return found;
    } catch (error) {
      const known = memory.find(token);
      if (!isUnavailable(error) || known === null || outage.long) throw error;
      outage.trusted();
      return known;
    }
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
      const rights = await outage.ask(accounts.rightsAt(userId, machineId, sessionId), patience());
      return rights ?? { ownerId: null, shares: [] };
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      // Presence was written by a pod that had asked: good enough for an owner to reattach to what runs. Of shares
      // nobody can tell now, so nobody who is not the owner comes in.
      const ownerId = (await presence.machines([machineId])).get(machineId)?.userId;
      if (ownerId !== userId) throw error;
      outage.trusted();
      return { ownerId, shares: [] };
    }
  }
}

/** An id that nobody has. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

function isUnavailable(error: unknown): boolean {
  return error instanceof HermitError && error.code === 'UNAVAILABLE';
}

/** One call of `done`, with the value, or with a HermitError. */
function settle<T>(promise: Promise<T>, done: (value: T | HermitError) => void, deadline = DEADLINE): void {
  let over = false;
  const finish = (value: T | HermitError) => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    done(value);
  };
  const timer = setTimeout(() => finish(new HermitError('UNAVAILABLE')), deadline);
  promise.then(finish, (error: unknown) =>
    finish(error instanceof HermitError ? error : new HermitError('UNAVAILABLE')),
  );
}
