// Logins: each is a family of refresh tokens, of which one at a time is unused. Using one twice ends the family.
import { randomUUID } from 'node:crypto';
import { HermitError, isUuid } from '@hermit/protocol';
import type { Sql, TransactionSql } from 'postgres';
import type { Caller, RefreshClaims, Tokens } from '../auth/tokens.ts';
import type { OnChange } from './changes.ts';
import { sha256 } from './machine-token.ts';
import type { User } from './users.ts';

export type Login = { readonly user: User; readonly accessToken: string; readonly refreshToken: string };

/** Where a request came from, as a person recognises it. */
export type Origin = {
  readonly address: string;
  /** What the program calls itself. */
  readonly client: string;
};

export type LoginInfo = {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly lastUsedAt: number;
  readonly expiresAt: number;
} & Origin;

/** The login has been ended. */
export class TokenReused extends HermitError {
  readonly userId: string;
  readonly loginId: string;
  constructor({ userId, loginId }: RefreshClaims) {
    super('INVALID_TOKEN', 'This refresh token was used before, so its login has been ended.');
    this.userId = userId;
    this.loginId = loginId;
  }
}

/** Logins that one user may have at once; beyond, the one that was not used for longest is ended. */
const PER_USER = 500;
const NOWHERE: Origin = { address: '', client: '' };

type Row = { id: string; created_at: Date; last_used_at: Date; expires_at: Date; client: string; address: string };

type LoginsOptions = { sql: Sql; tokens: Tokens; onChange: OnChange; now: () => number };

export function createLogins({ sql, tokens, onChange, now }: LoginsOptions) {
  /** Tokens of a login that is stored, or will be before the transaction ends. */
  async function issue(tx: TransactionSql, user: User, loginId: string, origin: Origin | null): Promise<Login> {
    const [accessToken, refresh] = await Promise.all([
      tokens.signAccess({ userId: user.id, email: user.email, loginId }),
      tokens.signRefresh({ userId: user.id, loginId }),
    ]);
    const { id } = refresh.claims;
    const [at, expiresAt] = [new Date(now()), new Date(refresh.claims.expiresAt)];
    if (origin !== null) {
      const { client, address } = origin;
      await tx`
        insert into logins (id, user_id, created_at, last_used_at, expires_at, client, address)
        values (${loginId}, ${user.id}, ${at}, ${at}, ${expiresAt}, ${client}, ${address})`;
    }
    await tx`
      insert into refresh_tokens (id, user_id, login_id, token_hash, created_at, expires_at)
      values (${id}, ${user.id}, ${loginId}, ${sha256(refresh.token)}, ${at}, ${expiresAt})`;
    return { user, accessToken, refreshToken: refresh.token };
  }

  /** The login; or, when this token was used before, the end of its login; or null for a token that ended otherwise. */
  function renew(token: string, claims: RefreshClaims, { address }: Origin): Promise<Login | 'reused' | null> {
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
        await tx`delete from logins where id = ${claims.loginId}`;
        return 'reused';
      }
      const [user] = await tx<User[]>`select id, email, administrator from users where id = ${claims.userId}`;
      if (user === undefined) return null;
      const login = await issue(tx, user, claims.loginId, null);
      await tx`
        update logins set last_used_at = ${new Date(now())}, address = case when ${address} = '' then address else ${address} end,
          expires_at = (select max(expires_at) from refresh_tokens where login_id = logins.id)
        where id = ${claims.loginId}`;
      return login;
    }) as Promise<Login | 'reused' | null>;
  }

  /** A login for whom `whose` finds: what that spends is spent with the login, or not at all. */
  async function openLoginFor(whose: (tx: TransactionSql) => Promise<User>, origin: Origin = NOWHERE): Promise<Login> {
    const { login, over } = (await sql.begin(async (tx) => {
      const user = await whose(tx);
      const login = await issue(tx, user, randomUUID(), origin);
      const over = await tx<{ id: string }[]>`
        delete from logins where id in (
          select id from logins where user_id = ${user.id} order by last_used_at desc, id offset ${PER_USER}
        ) returning id`;
      return { login, over: over.map(({ id }) => id) };
    })) as { login: Login; over: string[] };
    if (over.length > 0) onChange({ type: 'logins_ended', userId: login.user.id, loginIds: over });
    return login;
  }

  return {
    openLoginFor,
    openLogin: (user: User, origin?: Origin): Promise<Login> => openLoginFor(async () => user, origin),

    /** Each refresh token works once; a second use ends its login. Throws INVALID_TOKEN; TokenReused for the latter. */
    async renewLogin(refreshToken: string, origin: Origin = NOWHERE): Promise<Login> {
      const claims = await tokens.verifyRefresh(refreshToken);
      const outcome = await renew(refreshToken, claims, origin);
      if (outcome === 'reused') {
        onChange({ type: 'logins_ended', userId: claims.userId, loginIds: [claims.loginId] });
        throw new TokenReused(claims);
      }
      if (outcome === null) throw new HermitError('INVALID_TOKEN', 'This login has ended.');
      return outcome;
    },

    /** Ends the login of this refresh token. One that has ended before is no error; throws INVALID_TOKEN for no token. */
    async endLogin(refreshToken: string): Promise<{ userId: string; loginId: string; ended: boolean }> {
      const { userId, loginId } = await tokens.verifyRefresh(refreshToken);
      const ended = await sql`delete from logins where id = ${loginId} and user_id = ${userId}`;
      if (ended.count > 0) onChange({ type: 'logins_ended', userId, loginIds: [loginId] });
      return { userId, loginId, ended: ended.count > 0 };
    },

    /** A user's open logins, the one that was used last first. */
    async loginsOf(userId: string): Promise<LoginInfo[]> {
      const rows = await sql<Row[]>`
        select id, created_at, last_used_at, expires_at, client, address from logins
        where user_id = ${userId} and expires_at > ${new Date(now())}
        order by last_used_at desc, id`;
      return rows.map(({ id, client, address, ...at }) => ({
        ...{ id, client, address },
        createdAt: at.created_at.getTime(),
        lastUsedAt: at.last_used_at.getTime(),
        expiresAt: at.expires_at.getTime(),
      }));
    },

    /** Throws NOT_FOUND where this user has no such login. */
    async endLoginById(userId: string, loginId: string): Promise<void> {
      const ended = isUuid(loginId)
        ? await sql`delete from logins where id = ${loginId} and user_id = ${userId}`
        : { count: 0 };
      if (ended.count === 0) throw new HermitError('NOT_FOUND', 'You have no such login.');
      onChange({ type: 'logins_ended', userId, loginIds: [loginId] });
    },

    /** Whether the account of this e-mail address is logged in at this address of a network. */
    async loggedInFrom(email: string, address: string): Promise<boolean> {
      const found = await sql`
        select 1 from logins join users on users.id = user_id
        where lower(email collate "C") = lower(${email}::text collate "C") and address = ${address}
          and expires_at > ${new Date(now())} limit 1`;
      return found.length > 0;
    },

    /** Milliseconds since somebody logged in, however often it was renewed; infinite for a login that is none. */
    async loginAge(userId: string, loginId: string | null): Promise<number> {
      const [row] =
        loginId !== null && isUuid(loginId)
          ? await sql<Pick<Row, 'created_at'>[]>`
              select created_at from logins where id = ${loginId} and user_id = ${userId}`
          : [];
      return row === undefined ? Number.POSITIVE_INFINITY : now() - row.created_at.getTime();
    },

    /** Logged out everywhere; but for one login, if it is named. What was to become a login becomes none. */
    async endLoginsOf(userId: string, except: string | null = null): Promise<void> {
      const kept = except !== null && isUuid(except) ? except : null;
      const ended = (await sql.begin(async (tx) => {
        await tx`delete from sign_in_links where user_id = ${userId}`;
        await tx`delete from device_requests where user_id = ${userId} and approved`;
        return tx<{ id: string }[]>`
          delete from logins where user_id = ${userId} and (${kept}::uuid is null or id <> ${kept}::uuid) returning id`;
      })) as { id: string }[];
      onChange({ type: 'logins_ended', userId, loginIds: kept === null ? null : ended.map(({ id }) => id) });
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
          select 1 from logins where logins.id = ${login}::uuid and user_id = users.id
        ) as open
        from users where id = ${userId}`;
      if (found === undefined) throw new HermitError('USER_NOT_FOUND');
      const { open, ...user } = found;
      if (!open) throw new HermitError('INVALID_TOKEN', 'This login has ended.');
      return user;
    },
  };
}
