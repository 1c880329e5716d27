// Links that sign somebody in once, without typing a password: short-lived, single-use, kept as hashes.
import { randomBytes } from 'node:crypto';
import { HermitError } from '@hermit/protocol';
import type { Sql, TransactionSql } from 'postgres';
import type { Login, Origin } from './logins.ts';
import { sha256 } from './machine-token.ts';
import type { User } from './users.ts';

/** Life of a link, milliseconds: from a terminal to the browser beside it, with a coffee in between. */
export const LINK_LIFE = 15 * 60_000;
/** Links of one user that are good at once; a new one takes the place of the oldest. */
const AT_ONCE = 5;
const CODE = /^[A-Za-z0-9_-]{43}$/;

type SignInLink = { readonly code: string /** Milliseconds since 1970. */; readonly expiresAt: number };

type SignInLinksOptions = {
  sql: Sql;
  now: () => number;
  openLoginFor(whose: (tx: TransactionSql) => Promise<User>, origin?: Origin): Promise<Login>;
};

export function createSignInLinks({ sql, now, openLoginFor }: SignInLinksOptions) {
  async function spend(tx: TransactionSql, code: string): Promise<User> {
    const [used] = CODE.test(code)
      ? await tx<(User & { expiresAt: Date })[]>`
          delete from sign_in_links using users
          where code_hash = ${sha256(code)} and users.id = user_id
          returning users.id, email, administrator, expires_at as "expiresAt"`
      : [];
    if (used === undefined || used.expiresAt.getTime() <= now()) {
      throw new HermitError('INVALID_TOKEN', 'This link was used before, or is too old.');
    }
    const { expiresAt: _, ...user } = used;
    return user;
  }

  return {
    /** The code is known at this moment alone: only a hash of it is kept. */
    async makeSignInLink(userId: string): Promise<SignInLink> {
      const code = randomBytes(32).toString('base64url');
      const expiresAt = now() + LINK_LIFE;
      await sql`
        insert into sign_in_links (user_id, code_hash, expires_at)
        values (${userId}, ${sha256(code)}, ${new Date(expiresAt)})`;
      await sql`
        delete from sign_in_links where user_id = ${userId} and id not in (
          select id from sign_in_links where user_id = ${userId} order by expires_at desc limit ${AT_ONCE}
        )`;
      return { code, expiresAt };
    },

    /** Of two that use a code at once, one gets a login. Throws INVALID_TOKEN, the same whatever is wrong with it. */
    useSignInLink: (code: string, origin?: Origin): Promise<Login> => openLoginFor((tx) => spend(tx, code), origin),
  };
}
