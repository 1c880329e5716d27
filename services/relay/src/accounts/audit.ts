// The audit: what happened to an account, its machines and its sessions, written down a little later, many at a time.
import type { Sql } from 'postgres';
import { isUnreachable } from './availability.ts';

/** What is written down, and what it means; docs/security.md repeats it. */
export const AUDIT_ACTIONS = {
  registered: 'the account was made',
  login: 'a login was opened; `way`: password, link (single sign-on ends in one) or device',
  login_failed: 'somebody tried a wrong password',
  login_reused: 'a refresh token was used twice, by the owner or a thief: the login was ended',
  logout: 'a login was ended; without `login`: all of them',
  password_changed: 'the password was changed',
  password_refused: 'somebody who was logged in gave a wrong password where it is asked for again',
  identity_linked: 'a provider of single sign-on may log in to the account',
  identity_removed: 'a provider of single sign-on may log in to the account no more',
  device_approved: 'a device was let in; with `machine`: for the token of that machine',
  device_refused: 'a device was refused',
  invited: 'an administrator made an invitation',
  invite_withdrawn: 'an administrator withdrew an invitation',
  machine_added: 'a machine was added',
  machine_renamed: 'a machine was renamed',
  machine_removed: 'a machine was removed',
  machine_token_replaced: 'a machine got a new token; `way`: device, where a code was approved for it',
  shared: 'a session was shared; `with`: an e-mail address, or a link',
  share_accepted: 'somebody accepted a link',
  share_withdrawn: 'a share was withdrawn',
  share_left: 'somebody gave a share back',
  attached:
    'somebody began to look at a session; `offset`: the first byte they asked for, or the end where they see a screen',
  detached: 'somebody stopped looking; `offset`: the first byte they did not get',
} as const;
export type AuditAction = keyof typeof AUDIT_ACTIONS;

/** About the account of `ownerId` or of `ownerEmail`, or about the owner of `machineId`. */
export type AuditEvent = {
  action: AuditAction;
  ownerId?: string;
  ownerEmail?: string;
  /** Null: nobody who is known. */
  actorId: string | null;
  address: string;
  machineId?: string;
  sessionId?: string;
  /** Never a token, a password, or a byte of a terminal. */
  details?: Readonly<Record<string, string | number | boolean | null | undefined>>;
};

export type AuditEntry = {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly action: string;
  readonly actorEmail: string | null;
  readonly address: string;
  readonly machineId: string | null;
  readonly sessionId: string | null;
  readonly details: Record<string, unknown>;
};

/** Milliseconds until what was recorded is written. */
const DELAY = 500;
/** Events that wait for the database; beyond, the oldest are given up. */
const MOST = 20_000;
const BATCH = 1_000;

type Row = {
  id: string;
  at: Date;
  action: string;
  email: string | null;
  address: string;
  machine_id: string | null;
  session_id: string | null;
  details: Record<string, unknown>;
};

export type AuditOptions = {
  sql: Sql;
  now?: () => number;
  /** Events had to be given up: the database was away for too long. */
  lost?: (count: number) => void;
};

/** What routes and the core see of it. */
export type Recorder = { record(event: AuditEvent): void };
export const NOBODY_LISTENS: Recorder = { record() {} };

export type Audit = ReturnType<typeof createAudit>;

export function createAudit({ sql, now = Date.now, lost = () => {} }: AuditOptions) {
  let waiting: (AuditEvent & { at: string })[] = [];
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> | undefined;

  function later(): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      void flush();
    }, DELAY);
    timer.unref();
  }

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, BATCH);
      try {
        await write(batch);
      } catch (error) {
        if (isUnreachable(error)) throw error;
        // One event that no database takes must not keep the others from it.
        for (const event of batch) await write([event]).catch(() => lost(1));
      }
      waiting = waiting.slice(batch.length);
    }
  }

  async function write(batch: readonly (AuditEvent & { at: string })[]): Promise<void> {
    const rows = batch.map((event, n) => ({ n, ...event, details: event.details ?? {} }));
    await sql`
        insert into audit (at, owner_id, actor_id, action, address, machine_id, session_id, details)
        select e.at, users.id, actors.id, e.action, e.address, e."machineId", e."sessionId", e.details
        from jsonb_to_recordset(${sql.json(rows)}) as e(
          n int, at timestamptz, action text, "ownerId" uuid, "ownerEmail" text, "actorId" uuid, address text,
          "machineId" uuid, "sessionId" uuid, details jsonb
        )
        left join machines on machines.id = e."machineId"
        join users on users.id = coalesce(
          e."ownerId",
          (select id from users where lower(email collate "C") = lower(e."ownerEmail" collate "C")),
          machines.user_id
        )
        left join users as actors on actors.id = e."actorId"
        order by e.n`;
  }

  /** What the database does not take stays, and is tried again with what comes next. */
  function flush(): Promise<void> {
    writing ??= writeAll()
      .catch(() => later())
      .finally(() => {
        writing = undefined;
      });
    return writing;
  }

  return {
    /** At once; nobody waits for it. */
    record(event: AuditEvent): void {
      waiting.push({ ...event, at: new Date(now()).toISOString() });
      if (waiting.length > MOST && writing === undefined) {
        lost(waiting.length - MOST);
        waiting = waiting.slice(-MOST);
      }
      later();
    },

    /** Latest first. `before`: id of an entry; null: from the latest on. */
    async entries(ownerId: string, { before, limit }: { before: string | null; limit: number }): Promise<AuditEntry[]> {
      const rows = await sql<Row[]>`
        select audit.id::text as id, at, action, users.email, address, machine_id, session_id, details
        from audit left join users on users.id = actor_id
        where owner_id = ${ownerId} and (${before}::bigint is null or audit.id < ${before}::bigint)
        order by audit.id desc limit ${limit}`;
      return rows.map((row) => ({
        ...{ id: row.id, at: row.at.getTime(), action: row.action, actorEmail: row.email, address: row.address },
        ...{ machineId: row.machine_id, sessionId: row.session_id, details: row.details },
      }));
    },

    flush,

    async close(): Promise<void> {
      clearTimeout(timer);
      await flush();
      clearTimeout(timer);
    },
  };
}
