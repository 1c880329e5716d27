// Shares: one session of a machine, given to another user or to whoever accepts a link, as viewer or driver, for a time.
import { randomBytes, randomUUID } from 'node:crypto';
import { HermitError, isUuid } from '@hermit/protocol';
import type { Row as AnyRow, PendingQuery, Sql, TransactionSql } from 'postgres';
import type { Share as Right } from '../auth/permissions.ts';
import type { OnChange } from './changes.ts';
import { sameHash, sha256 } from './machine-token.ts';

export type ShareRole = 'viewer' | 'driver';

/** As the owner of the machine sees it. */
export type GivenShare = {
  readonly id: string;
  readonly machineId: string;
  readonly machineName: string;
  readonly sessionId: string;
  readonly role: ShareRole;
  /** With whom; null: a link. */
  readonly email: string | null;
  /** The link that this share was accepted from. */
  readonly linkId: string | null;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly expiresAt: number;
};

/** As the user with whom it is shared sees it. */
export type ReceivedShare = Omit<GivenShare, 'email' | 'linkId'> & { readonly ownerEmail: string };

export type NewShare = {
  machineId: string;
  sessionId: string;
  /** Null: a link. */
  email: string | null;
  role: ShareRole;
  /** Milliseconds since 1970. */
  expiresAt: number;
};

/** What one user is to a machine, or to one of its sessions. */
export type Rights = { readonly ownerId: string; readonly shares: readonly Right[] };

/** Shares that one machine may have; whoever accepts a link counts as well. */
const PER_MACHINE = 1_000;
/** `hms_<id of the share without dashes>_<secret>`. */
const LINK = /^hms_([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;

type Row = {
  id: string;
  machine_id: string;
  machine_name: string;
  session_id: string;
  role: ShareRole;
  email: string | null;
  link_id: string | null;
  created_at: Date;
  expires_at: Date;
};

type SharesOptions = { sql: Sql; onChange: OnChange; now: () => number };

/** Whoever asks about a machine or a share of others gets what they would get for none: MACHINE_NOT_FOUND, SHARE_NOT_FOUND. */
export function createShares({ sql, onChange, now }: SharesOptions) {
  const columns = sql`
    shares.id, machine_id, machines.name as machine_name, session_id, role, link_id, shares.created_at, shares.expires_at`;
  const live = () => sql`shares.expires_at > ${new Date(now())}`;
  const changed = (rows: readonly { user_id: string | null; machine_id: string; session_id: string }[]) => {
    for (const { user_id: userId, machine_id: machineId, session_id: sessionId } of rows) {
      if (userId !== null) onChange({ type: 'rights_changed', userId, machineId, sessionId });
    }
  };

  /** Withdrawing a link withdraws what was accepted from it. */
  async function withdraw(shareId: string, whose: PendingQuery<AnyRow[]>): Promise<GivenShare> {
    if (!isUuid(shareId)) throw notFound();
    const gone = (await sql.begin(async (tx) => {
      const [share] = await tx<(Row & { user_id: string | null })[]>`
        select ${columns}, users.email, shares.user_id from shares
        join machines on machines.id = machine_id left join users on users.id = shares.user_id
        where shares.id = ${shareId} and ${whose} for update of shares`;
      if (share === undefined) throw notFound();
      const accepted = await tx<{ user_id: string; machine_id: string; session_id: string }[]>`
        delete from shares where link_id = ${shareId} returning user_id, machine_id, session_id`;
      await tx`delete from shares where id = ${shareId}`;
      return { share, users: [share, ...accepted] };
    })) as { share: Row; users: { user_id: string | null; machine_id: string; session_id: string }[] };
    changed(gone.users);
    return givenOf(gone.share);
  }

  return {
    /**
     * Shares a session; `token` is that of a link, known at this moment alone. With the same user again: the role and
     * the expiry are replaced. Throws MACHINE_NOT_FOUND, NOT_FOUND (nobody has this address), VALIDATION, SHARE_LIMIT.
     */
    async share(ownerId: string, share: NewShare): Promise<{ share: GivenShare; token: string | null }> {
      const { machineId, sessionId, email, role } = share;
      if (!isUuid(machineId)) throw machineNotFound();
      if (!isUuid(sessionId)) throw new HermitError('SESSION_NOT_FOUND');
      const id = randomUUID();
      const secret = randomBytes(32).toString('base64url');
      const [createdAt, expiresAt] = [new Date(now()), new Date(share.expiresAt)];
      const made = (await sql.begin(async (tx) => {
        // Counted under the machine's lock, or two at once would both find the last place free.
        const [machine] = await tx<{ name: string }[]>`
          select name from machines where id = ${machineId} and user_id = ${ownerId} for no key update`;
        if (machine === undefined) throw machineNotFound();
        const [found] =
          email === null
            ? [null]
            : await tx<{ id: string; email: string }[]>`
                select id, email from users where lower(email collate "C") = lower(${email}::text collate "C")`;
        if (found === undefined) {
          throw new HermitError('NOT_FOUND', 'Nobody here has this e-mail address; share by a link instead.');
        }
        if (found?.id === ownerId) throw new HermitError('VALIDATION', 'The machine is yours already.');
        await room(tx, machineId);
        const hash = found === null ? sha256(secret) : null;
        const [row] = await tx<Omit<Row, 'machine_name' | 'email'>[]>`
          insert into shares (id, machine_id, session_id, user_id, link_hash, role, created_at, expires_at)
          values (${id}, ${machineId}, ${sessionId}, ${found?.id ?? null}, ${hash}, ${role}, ${createdAt}, ${expiresAt})
          on conflict (machine_id, session_id, user_id) where link_id is null and user_id is not null
            do update set role = excluded.role, created_at = excluded.created_at, expires_at = excluded.expires_at
          returning id, machine_id, session_id, role, link_id, created_at, expires_at`;
        return { row: { ...row, machine_name: machine.name, email: found?.email ?? null } as Row, userId: found?.id };
      })) as { row: Row; userId: string | undefined };
      // A driver may have become a viewer, or the time may have become shorter.
      if (made.userId !== undefined) {
        changed([{ user_id: made.userId, machine_id: machineId, session_id: sessionId }]);
      }
      const token = email === null ? `hms_${id.replaceAll('-', '')}_${secret}` : null;
      return { share: givenOf(made.row), token };
    },

    /** What a user has shared and is still good: of one session, or of all their machines. */
    async sharesGiven(ownerId: string, of?: { machineId: string; sessionId: string }): Promise<GivenShare[]> {
      if (of !== undefined && !(isUuid(of.machineId) && isUuid(of.sessionId))) throw machineNotFound();
      if (of !== undefined) {
        const owned = await sql`select 1 from machines where id = ${of.machineId} and user_id = ${ownerId}`;
        if (owned.length === 0) throw machineNotFound();
      }
      const which = of ? sql`and machine_id = ${of.machineId} and session_id = ${of.sessionId}` : sql``;
      const rows = await sql<Row[]>`
        select ${columns}, users.email from shares
        join machines on machines.id = machine_id left join users on users.id = shares.user_id
        where machines.user_id = ${ownerId} and ${live()} ${which}
        order by shares.created_at, shares.id`;
      return rows.map(givenOf);
    },

    /** What others share with this user. */
    async sharesReceived(userId: string): Promise<ReceivedShare[]> {
      const rows = await sql<Row[]>`
        select ${columns}, users.email from shares
        join machines on machines.id = machine_id join users on users.id = machines.user_id
        where shares.user_id = ${userId} and ${live()}
        order by shares.created_at, shares.id`;
      return rows.map(receivedOf);
    },

    /** Makes the share of a link the user's own, for as long as the link's. Throws SHARE_NOT_FOUND, VALIDATION, SHARE_LIMIT. */
    async acceptShare(userId: string, token: string): Promise<ReceivedShare> {
      const match = LINK.exec(token);
      if (match === null) throw notFound();
      const [, a, b, c, d, e, secret] = match;
      const linkId = [a, b, c, d, e].join('-');
      const row = (await sql.begin(async (tx) => {
        // The machine is locked before the share, as everywhere: two that lock in turns would wait for each other.
        await tx`
          select 1 from machines where id = (select machine_id from shares where id = ${linkId}) for no key update`;
        const [link] = await tx<(Row & { link_hash: Uint8Array; owner_id: string })[]>`
          select ${columns}, users.email, link_hash, machines.user_id as owner_id from shares
          join machines on machines.id = machine_id join users on users.id = machines.user_id
          where shares.id = ${linkId} and link_hash is not null and ${live()} for share of shares`;
        if (link === undefined || !sameHash(link.link_hash, sha256(String(secret)))) throw notFound();
        if (link.owner_id === userId) throw new HermitError('VALIDATION', 'The machine is yours already.');
        await room(tx, link.machine_id);
        const { machine_id: machineId, session_id: sessionId, role, expires_at: expiresAt } = link;
        const [mine] = await tx<{ id: string; created_at: Date }[]>`
          insert into shares (machine_id, session_id, user_id, link_id, role, created_at, expires_at)
          values (${machineId}, ${sessionId}, ${userId}, ${linkId}, ${role}, ${new Date(now())}, ${expiresAt})
          on conflict (link_id, user_id) where link_id is not null do update set role = excluded.role
          returning id, created_at`;
        return { ...link, ...mine };
      })) as Row;
      return receivedOf(row);
    },

    /** Throws MACHINE_NOT_FOUND or SHARE_NOT_FOUND. */
    async withdrawShare(ownerId: string, of: { machineId: string; sessionId: string }, shareId: string) {
      if (!isUuid(of.machineId) || !isUuid(of.sessionId)) throw notFound();
      const { machineId, sessionId } = of;
      return withdraw(
        shareId,
        sql`machines.user_id = ${ownerId} and machine_id = ${machineId} and session_id = ${sessionId}`,
      );
    },

    /** The user gives back what was shared with them. Throws SHARE_NOT_FOUND. */
    async leaveShare(userId: string, shareId: string) {
      return withdraw(shareId, sql`shares.user_id = ${userId}`);
    },

    /** What a user is to a machine (`sessionId` null) or to a session. Null: there is no such machine. */
    async rightsAt(userId: string, machineId: string, sessionId: string | null): Promise<Rights | null> {
      if (!isUuid(machineId) || (sessionId !== null && !isUuid(sessionId))) return null;
      const rows = await sql<{ owner_id: string; role: ShareRole | null; expires_at: Date }[]>`
        select machines.user_id as owner_id, role, expires_at from machines
        left join shares on machine_id = machines.id and session_id = ${sessionId} and shares.user_id = ${userId}
          and ${live()}
        where machines.id = ${machineId}`;
      const [first] = rows;
      if (first === undefined) return null;
      const shares = rows.flatMap(({ role, expires_at }): Right[] =>
        role === null || sessionId === null ? [] : [{ sessionId, userId, role, expiresAt: expires_at.getTime() }],
      );
      return { ownerId: first.owner_id, shares };
    },

    /** By user id: of those alone who may look at the session. An agent names the ids, and might name anybody's. */
    async emailsAt(machineId: string, sessionId: string, ids: readonly string[]): Promise<Map<string, string>> {
      if (ids.length === 0 || !isUuid(machineId) || !isUuid(sessionId)) return new Map();
      const rows = await sql<{ id: string; email: string }[]>`
        select id, email from users where id = any(${[...new Set(ids)]}::uuid[]) and (
          exists (select 1 from machines where machines.id = ${machineId} and machines.user_id = users.id)
          or exists (
            select 1 from shares
            where machine_id = ${machineId} and session_id = ${sessionId} and shares.user_id = users.id and ${live()}
          )
        )`;
      return new Map(rows.map(({ id, email }) => [id, email]));
    },
  };

  async function room(tx: TransactionSql, machineId: string): Promise<void> {
    const [count] = await tx<{ shares: number }[]>`
      select count(*)::int as shares from shares where machine_id = ${machineId} and ${live()}`;
    if ((count?.shares ?? 0) >= PER_MACHINE) {
      throw new HermitError('SHARE_LIMIT', `A machine may have at most ${PER_MACHINE} shares.`);
    }
  }
}

function givenOf(row: Row): GivenShare {
  return {
    id: row.id,
    machineId: row.machine_id,
    machineName: row.machine_name,
    sessionId: row.session_id,
    role: row.role,
    email: row.email,
    linkId: row.link_id,
    createdAt: row.created_at.getTime(),
    expiresAt: row.expires_at.getTime(),
  };
}

function receivedOf(row: Row): ReceivedShare {
  const { email: ownerEmail, linkId: _, ...share } = givenOf(row);
  return { ...share, ownerEmail: ownerEmail ?? '' };
}

function notFound(): HermitError {
  return new HermitError('SHARE_NOT_FOUND');
}

function machineNotFound(): HermitError {
  return new HermitError('MACHINE_NOT_FOUND');
}
