// Logins: each is a family of refresh tokens, of which one at a time is unused. Using one twice ends the family.
import { randomUUID } from 'node:crypto';
import { HermitError, isUuid } from '@hermit/protocol';
import type { Sql, TransactionSql } from 'postgres';
import type { Caller, RefreshClaims, Tokens } from '../auth/tokens.ts';
import type { OnChange } from './changes.ts';
import { sha256 } from './machine-token.ts';
import type { User } from './users.ts';

export type Login = { readonly user: User; readonly accessToken: string; readonly refreshToken: string };

/** Advisory lock: one pod at a time tidies up. "tidy" in ASCII. */
const TIDYING = '1953064057';
/** Rows that one statement removes, so that it never holds much for long. */
const BATCH = 1_000;

export type LoginsOptions = { sql: Sql; tokens: Tokens; onChange: OnChange; now: () => number };

export function createLogins({ sql, tokens, onChange, now }: LoginsOptions) {
  async function issue(at: Sql | TransactionSql, user: User, loginId: string): Promise<Login> {
    const [accessToken, refresh] = await Promise.all([
      tokens.signAccess({ userId: user.id, email: user.email, loginId }),
      tokens.signRefresh({ userId: user.id, loginId }),
    ]);
    const { id, expiresAt } = refresh.claims;
    await at`
      insert into refresh_tokens (id, user_id, login_id, token_hash, created_at, expires_at)
      values (${id}, ${user.id}, ${loginId}, ${sha256(refresh.token)}, ${new Date(now())}, ${new Date(expiresAt)})`;
    return { user, accessToken, refreshToken: refresh.token };
  }

  /** The login; or, when this token was used before, the end of its login; or null for a token that ended otherwise. */
  function renew(token: string, claims: RefreshClaims): Promise<Login | 'reused' | null> {
    const hash = sha256(token);
    return sql.begin(async (tx) => {
      // Of two that use the same token at once, the second waits here and finds it used.
      const [spent] = await tx`
        update refresh_tokens set used_at = ${new Date(now())}
        where id = ${claims.id} and token_hash = ${hash} and used_at is null
        returning user_id`;
      if (spent === undefined) {
        const known = await tx`select 1 from refresh_tokens where id = ${claims.id} and token_hash = ${hash}`;
        if (known.length === 0) return null;
        await tx`delete from refresh_tokens where login_id = ${claims.loginId}`;
        return 'reused';
      }
      const [user] = await tx<User[]>`select id, email, administrator from users where id = ${claims.userId}`;
      return user === undefined ? null : issue(tx, user, claims.loginId);
    }) as Promise<Login | 'reused' | null>;
  }

  return {
    openLogin: (user: User): Promise<Login> => issue(sql, user, randomUUID()),

    /** Each refresh token works once; a second use ends its login. Throws INVALID_TOKEN. */
    async renewLogin(refreshToken: string): Promise<Login> {
      const claims = await tokens.verifyRefresh(refreshToken);
      const outcome = await renew(refreshToken, claims);
      if (outcome === 'reused') {
        onChange({ type: 'logins_ended', userId: claims.userId, loginIds: [claims.loginId] });
        throw new HermitError('INVALID_TOKEN', 'This refresh token was used before, so its login has been ended.');
      }
      if (outcome === null) throw new HermitError('INVALID_TOKEN', 'This login has ended.');
      return outcome;
    },

    /** Ends the login of this refresh token. One that has ended before is no error; throws INVALID_TOKEN for no token. */
    async endLogin(refreshToken: string): Promise<void> {
      const { userId, loginId } = await tokens.verifyRefresh(refreshToken);
      const ended = await sql`delete from refresh_tokens where login_id = ${loginId} and user_id = ${userId}`;
      if (ended.count > 0) onChange({ type: 'logins_ended', userId, loginIds: [loginId] });
    },

    /** Logged out everywhere. */
    async endLoginsOf(userId: string): Promise<void> {
      await sql`delete from refresh_tokens where user_id = ${userId}`;
      onChange({ type: 'logins_ended', userId, loginIds: null });
    },

    /**
     * The user behind an access token, as long as their account and the login it came from exist. Throws USER_NOT_FOUND
     * or INVALID_TOKEN.
     */
    async confirm(caller: Caller): Promise<User> {
      const { userId, loginId } = caller;
      const login = loginId !== null && isUuid(loginId) ? loginId : null;
      const [found] = await sql<(User & { open: boolean })[]>`
        select id, email, administrator, ${login}::uuid is null or exists (
          select 1 from refresh_tokens where login_id = ${login}::uuid and user_id = users.id and used_at is null
        ) as open
        from users where id = ${userId}`;
      if (found === undefined) throw new HermitError('USER_NOT_FOUND');
      const { open, ...user } = found;
      if (!open) throw new HermitError('INVALID_TOKEN', 'This login has ended.');
      return user;
    },

    /** Removes tokens that have expired, in small steps; returns how many. Nothing, while another pod is at it. */
    async removeExpired(): Promise<number> {
      let removed = 0;
      for (let step = 0; step < 100; step++) {
        const count = await sql.begin(async (tx) => {
          const [lock] = await tx<{ taken: boolean }[]>`select pg_try_advisory_xact_lock(${TIDYING}) as taken`;
          if (lock?.taken !== true) return 0;
          const gone = await tx`
            delete from refresh_tokens where id in (
              select id from refresh_tokens where expires_at <= ${new Date(now())} limit ${BATCH}
            )`;
          return gone.count;
        });
        removed += Number(count);
        if (Number(count) < BATCH) break;
      }
      return removed;
    },
  };
}
