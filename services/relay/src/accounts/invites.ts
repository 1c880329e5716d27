// Invitations: who holds one may register where registration is by invitation. Each works once.
import { randomBytes, randomUUID } from 'node:crypto';
import { HermitError, isUuid } from '@hermit/protocol';
import type { Sql, TransactionSql } from 'postgres';
import { sha256 } from './machine-token.ts';

export type Invite = {
  readonly id: string;
  /** Whom it is for; null: whoever has it. */
  readonly email: string | null;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly expiresAt: number;
};

/** Invitations that are open at once. */
const MOST = 1_000;
const TOKEN = /^hmi_([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;

type Row = { id: string; email: string | null; created_at: Date; expires_at: Date };

export function createInvites({ sql, now }: { sql: Sql; now: () => number }) {
  return {
    /** The token is known at this moment alone. */
    async invite(
      administratorId: string,
      { email, expiresAt }: { email: string | null; expiresAt: number },
    ): Promise<{ invite: Invite; token: string }> {
      const [id, secret, createdAt] = [randomUUID(), randomBytes(32).toString('base64url'), now()];
      const [open] = await sql<{ count: number }[]>`
        select count(*)::int as count from invites where expires_at > ${new Date(createdAt)}`;
      if ((open?.count ?? 0) >= MOST) throw new HermitError('RATE_LIMITED', `At most ${MOST} invitations are open.`);
      await sql`
        insert into invites (id, token_hash, email, created_by, created_at, expires_at)
        values (${id}, ${sha256(secret)}, ${email}, ${administratorId}, ${new Date(createdAt)}, ${new Date(expiresAt)})`;
      return { invite: { id, email, createdAt, expiresAt }, token: `hmi_${id}_${secret}` };
    },

    async invites(): Promise<Invite[]> {
      const rows = await sql<Row[]>`
        select id, email, created_at, expires_at from invites
        where expires_at > ${new Date(now())} order by created_at, id`;
      return rows.map(({ id, email, ...at }) => ({
        ...{ id, email },
        createdAt: at.created_at.getTime(),
        expiresAt: at.expires_at.getTime(),
      }));
    },

    /** Throws NOT_FOUND. */
    async withdrawInvite(id: string): Promise<void> {
      const gone = isUuid(id) ? await sql`delete from invites where id = ${id}` : { count: 0 };
      if (gone.count === 0) throw new HermitError('NOT_FOUND', 'There is no such invitation.');
    },
  };
}

/** Whether a token is good for this address; in a transaction that ends well it is used up. */
export async function spendInvite(
  at: Sql | TransactionSql,
  { token, email, now, spend }: { token: string; email: string; now: number; spend: boolean },
): Promise<boolean> {
  const [, id, secret] = TOKEN.exec(token) ?? [];
  if (id === undefined || secret === undefined) return false;
  const good = at`
    id = ${id} and token_hash = ${sha256(secret)} and expires_at > ${new Date(now)}
    and (email is null or lower(email collate "C") = lower(${email}::text collate "C"))`;
  const found = spend ? await at`delete from invites where ${good}` : await at`select 1 from invites where ${good}`;
  return found.count > 0;
}
