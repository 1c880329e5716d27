// Users: who may make an account, and whether a password is theirs.
import { HermitError, isUuid } from '@hermit/protocol';
import type { Sql, TransactionSql } from 'postgres';
import { spendInvite } from './invites.ts';
import type { Passwords } from './passwords.ts';
import { isForTest, testAddress } from './test-users.ts';

export type User = { readonly id: string; readonly email: string; readonly administrator: boolean };
export type Credentials = { email: string; password: string };
export type NewUser = Credentials & { /** The token of an invitation. */ invite?: string };
export type Registration = 'open' | 'invite' | 'closed';

/** Advisory lock: one registration is decided at a time, so that there is one first user. "users" in ASCII. */
const REGISTERING = '504403158265';

type UsersOptions = { sql: Sql; passwords: Passwords; registration: Registration; now: () => number };

export function createUsers({ sql, passwords, registration, now }: UsersOptions) {
  return {
    /** Throws REGISTRATION_CLOSED, or DUPLICATE where the address has an account. The first user is administrator. */
    async register({ email, password, invite = '' }: NewUser): Promise<User> {
      if (registration === 'closed') throw closed();
      const invited = (at: Sql | TransactionSql, spend: boolean) =>
        spendInvite(at, { token: invite, email, now: now(), spend });
      if (registration === 'invite') {
        // Asked before the password is hashed: that costs, and nobody who is not invited is to cause it.
        if (!(await nobodyIn(sql)) && !(await invited(sql, false))) throw closed();
      }
      const hash = await passwords.hash(password);
      return sql.begin(async (tx) => {
        const first = await withFirst(tx);
        // Of the first there is nobody who could invite.
        if (registration === 'invite' && !first && !(await invited(tx, true))) throw closed();
        const [user] = await tx<User[]>`
          insert into users (email, password_hash, administrator) values (${email}, ${hash}, ${first})
          on conflict (lower(email collate "C")) do nothing
          returning id, email, administrator`;
        if (user === undefined) throw new HermitError('DUPLICATE', 'This e-mail address has an account already.');
        return user;
      }) as Promise<User>;
    },

    /** For a test of the installation. Nobody can log in as this user, who takes nobody's place, and is gone in an hour. */
    async createTestUser(): Promise<User> {
      const [user] = await sql<User[]>`
        insert into users (email) values (${testAddress()}) returning id, email, administrator`;
      return user as User;
    },

    /** Throws INVALID_CREDENTIALS: the same after the same time, whether or not the address has an account. */
    async authenticate({ email, password }: Credentials): Promise<User> {
      const [found] = await sql<(User & { hash: string | null })[]>`
        select id, email, administrator, password_hash as hash from users
        where lower(email collate "C") = lower(${email}::text collate "C")`;
      const stored = found?.hash ?? null;
      if (!(await passwords.verify(stored, password)) || found === undefined || stored === null) {
        throw new HermitError('INVALID_CREDENTIALS');
      }
      const { hash: _, ...user } = found;
      if (passwords.outdated(stored)) {
        const hash = await passwords.hash(password);
        await sql`update users set password_hash = ${hash} where id = ${user.id} and password_hash = ${stored}`;
      }
      return user;
    },

    /** Throws INVALID_CREDENTIALS where the present password is another, or there is none. Logins go on. */
    async changePassword(userId: string, { current, next }: { current: string; next: string }): Promise<void> {
      const [found] = isUuid(userId)
        ? await sql<{ hash: string | null }[]>`select password_hash as hash from users where id = ${userId}`
        : [];
      const stored = found?.hash ?? null;
      if (!(await passwords.verify(stored, current)) || stored === null) throw new HermitError('INVALID_CREDENTIALS');
      const hash = await passwords.hash(next);
      // Of two at once, one wins.
      const changed = await sql`
        update users set password_hash = ${hash} where id = ${userId} and password_hash = ${stored}`;
      if (changed.count === 0) throw new HermitError('INVALID_CREDENTIALS');
    },

    /** Whoever came by single sign-on may have none. */
    async hasPassword(userId: string): Promise<boolean> {
      const [found] = await sql<{ has: boolean }[]>`
        select password_hash is not null as has from users where id = ${userId}`;
      return found?.has === true;
    },

    async userById(id: string): Promise<User | null> {
      if (!isUuid(id)) return null;
      const [user] = await sql<User[]>`select id, email, administrator from users where id = ${id}`;
      return user ?? null;
    },
  };
}

/** Whether there is no user yet; one registration at a time is decided until the transaction ends. */
export async function withFirst(tx: TransactionSql): Promise<boolean> {
  await tx`select pg_advisory_xact_lock(${REGISTERING})`;
  return nobodyIn(tx);
}

async function nobodyIn(at: Sql | TransactionSql): Promise<boolean> {
  const [found] = await at<{ nobody: boolean }[]>`
    select not exists (select 1 from users where not (${isForTest(at)})) as nobody`;
  return found?.nobody === true;
}

function closed(): HermitError {
  return new HermitError('REGISTRATION_CLOSED');
}
