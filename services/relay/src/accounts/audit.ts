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

type AuditEntry = {
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
/** Milliseconds that a write is waited for. */
const DEADLINE = 10_000;

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
  /** Events had to be given up: the database was away for too long, or did not take them. */
  lost?: (count: number) => void;
  /** Events that wait at most, and milliseconds that a write may take. */
  most?: number;
  deadline?: number;
};

type Stamped = AuditEvent & { readonly at: string };

/** What routes and the core see of it. */
export type Recorder = { record(event: AuditEvent): void };
export const NOBODY_LISTENS: Recorder = { record() {} };

export type Audit = ReturnType<typeof createAudit>;

export function createAudit({ sql, now = Date.now, lost = () => {}, most = MOST, deadline = DEADLINE }: AuditOptions) {
  let waiting: Stamped[] = [];
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> | undefined;
  /** A write had no answer in time. It may still end, so until it has, nothing is written: nothing is told twice. */
  let late = false;
  /** Given up, and not yet reported. */
  let given = 0;

  function later(): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      void flush();
    }, DELAY);
    timer.unref();
  }

  function keep(events: Stamped[]): void {
    const tooMany = Math.max(0, events.length - most);
    given += tooMany;
    waiting = tooMany > 0 ? events.slice(tooMany) : events;
  }

  async function writeAll(): Promise<void> {
    // One event that no database takes must not keep the others from it: those of its batch go one by one.
    let alone = 0;
    while (waiting.length > 0 && !late) {
      const batch = waiting.splice(0, alone > 0 ? 1 : BATCH);
      alone = Math.max(0, alone - 1);
      try {
        await inTime(batch);
      } catch (error) {
        if (batch.length === 1 && !isUnreachable(error)) given++;
        else {
          keep([...batch, ...waiting]);
          if (isUnreachable(error)) throw error;
          alone = batch.length;
        }
      }
    }
  }

  /** Returns in time in any case; what is late comes back by itself where it fails. */
  async function inTime(batch: readonly Stamped[]): Promise<void> {
    const written = write(batch);
    let clock: NodeJS.Timeout | undefined;
    const end = new Promise<'late'>((resolve) => {
      clock = setTimeout(resolve, deadline, 'late');
    });
    const first = await Promise.race([written, end]).finally(() => clearTimeout(clock));
    if (first !== 'late') return;
    late = true;
    written
      .catch(() => keep([...batch, ...waiting]))
      .finally(() => {
        late = false;
        later();
      });
  }

  async function write(batch: readonly Stamped[]): Promise<void> {
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
        if (given > 0) lost(given);
        given = 0;
      });
    return writing;
  }

  return {
    /** At once; nobody waits for it. */
    record(event: AuditEvent): void {
      waiting.push({ ...event, at: new Date(now()).toISOString() });
      if (waiting.length > most) {
        waiting.shift();
        given++;
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
