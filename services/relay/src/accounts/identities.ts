// Users as a provider of single sign-on knows them: by issuer and subject, never by an address alone.
import { HermitError, isUuid } from '@hermit/protocol';
import type { Sql, TransactionSql } from 'postgres';
import { type User, withFirst } from './users.ts';

/** What the provider vouches for. */
type Identity = { readonly issuer: string; readonly subject: string };
type LinkedIdentity = Identity & {
  readonly id: string /** Milliseconds since 1970. */;
  readonly createdAt: number;
};
export type IdentityClaims = Identity & { readonly email: string | null; readonly emailVerified: boolean };

type IdentitiesOptions = {
  sql: Sql;
  now: () => number;
  /** Whether whoever the provider knows gets an account. */
  open: boolean;
};

export function createIdentities({ sql, now, open }: IdentitiesOptions) {
  const keep = (tx: TransactionSql | Sql, { issuer, subject }: Identity, userId: string) => tx`
    insert into identities (issuer, subject, user_id, created_at)
    values (${issuer}, ${subject}, ${userId}, ${new Date(now())})
    on conflict (issuer, subject) do nothing`;

  return {
    /**
     * The user with this identity; a new one where accounts are made this way. Throws REGISTRATION_CLOSED; FORBIDDEN where
     * the provider does not vouch for an address; DUPLICATE where the address has an account: whoever made that may not
     * be the one who owns the address, so it is joined to an identity from inside alone (`linkIdentity`).
     */
    async userByIdentity(claims: IdentityClaims): Promise<{ user: User; isNew: boolean }> {
      const { issuer, subject, email } = claims;
      const [known] = await sql<User[]>`
        select users.id, email, administrator from identities join users on users.id = user_id
        where issuer = ${issuer} and subject = ${subject}`;
      if (known !== undefined) return { user: known, isNew: false };
      if (email === null || !claims.emailVerified) {
        throw new HermitError('FORBIDDEN', 'The provider does not vouch for your e-mail address.');
      }
      return sql.begin(async (tx) => {
        const first = await withFirst(tx);
        if (!open && !first) throw new HermitError('REGISTRATION_CLOSED');
        const [user] = await tx<User[]>`
          insert into users (email, administrator) values (${email}, ${first})
          on conflict (lower(email collate "C")) do nothing
          returning id, email, administrator`;
        if (user === undefined) {
          const message = `${email} has an account here: log in to it, and link it in its settings.`;
          throw new HermitError('DUPLICATE', message);
        }
        await keep(tx, claims, user.id);
        return { user, isNew: true };
      }) as Promise<{ user: User; isNew: boolean }>;
    },

    /** From then on whoever has this identity is this user. Throws DUPLICATE where it is somebody else's. */
    async linkIdentity(userId: string, identity: Identity): Promise<void> {
      const { issuer, subject } = identity;
      await keep(sql, identity, userId);
      const [owner] = await sql<{ user_id: string }[]>`
        select user_id from identities where issuer = ${issuer} and subject = ${subject}`;
      if (owner?.user_id !== userId) throw new HermitError('DUPLICATE', 'This identity belongs to another account.');
    },

    async identitiesOf(userId: string): Promise<LinkedIdentity[]> {
      const rows = await sql<(Identity & { id: string; created_at: Date })[]>`
        select id, issuer, subject, created_at from identities where user_id = ${userId} order by created_at, id`;
      return rows.map(({ created_at, ...row }) => ({ ...row, createdAt: created_at.getTime() }));
    },

    /** Throws NOT_FOUND; FORBIDDEN for the last one of an account without a password, to which it is the only way in. */
    async removeIdentity(userId: string, id: string): Promise<Identity> {
      if (!isUuid(id)) throw unknown();
      return sql.begin(async (tx) => {
        // Of two that are taken away at once, one may be the last.
        const [user] = await tx<{ has: boolean }[]>`
          select password_hash is not null as has from users where id = ${userId} for no key update`;
        const [gone] = await tx<Identity[]>`
          delete from identities where id = ${id} and user_id = ${userId} returning issuer, subject`;
        if (gone === undefined) throw unknown();
        const left = await tx`select 1 from identities where user_id = ${userId} limit 1`;
        if (user?.has !== true && left.length === 0) {
          throw new HermitError('FORBIDDEN', 'Your account has no password: this is the only way into it.');
        }
        return gone;
      }) as Promise<Identity>;
    },
  };
}

function unknown(): HermitError {
  return new HermitError('NOT_FOUND', 'Your account has no such identity.');
}
