// Devices that are let in without a password: each shows a code, and somebody who is logged in approves it.
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { HermitError } from '@hermit/protocol';
import type { Sql } from 'postgres';
import type { Login, Origin } from './logins.ts';
import { sameHash, sha256 } from './machine-token.ts';
import type { MachineWithToken } from './machines.ts';
import type { User } from './users.ts';

/** Milliseconds that somebody has to approve a code. */
export const DEVICE_LIFE = 10 * 60_000;
/** Consonants: no code spells a word, and none of them is taken for another. 20^8 codes. */
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';
const LENGTH = 8;
/**
 * Requests that wait at once, of everybody together: a guess among them hits once in two million. Of one address they are
 * bounded by the rule `device`, whose time is the life of a code.
 */
const MOST = 10_000;
const SECRET = /^hmd_([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;

export type StartedDevice = {
  /** As people read it: XXXX-XXXX. */
  readonly code: string;
  /** With which the device asks for the outcome; known to it alone. */
  readonly secret: string;
  readonly expiresAt: number;
};

/** What somebody is asked to approve. */
export type DeviceRequest = Origin & {
  /** Null: it asks for a login. */
  readonly machineName: string | null;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly expiresAt: number;
  /** There is a machine of this name: approving takes its token away. */
  readonly replaces: boolean;
};

export type DeviceOutcome =
  | { readonly status: 'pending' }
  | { readonly status: 'denied' }
  | { readonly status: 'login'; readonly login: Login }
  /** `replaced`: it was there, and got a new token. */
  | {
      readonly status: 'machine';
      readonly userId: string;
      readonly machine: MachineWithToken;
      readonly replaced: boolean;
    };

type Row = {
  id: string;
  machine_name: string | null;
  client: string;
  address: string;
  created_at: Date;
  expires_at: Date;
  user_id: string | null;
  approved: boolean | null;
  replace: boolean;
};

export type DevicesOptions = {
  sql: Sql;
  now: () => number;
  openLogin(user: User, origin: Origin): Promise<Login>;
  createMachine(userId: string, name: string): Promise<MachineWithToken>;
  rotateMachineToken(userId: string, machineId: string): Promise<MachineWithToken>;
};

export function createDevices({ sql, now, openLogin, createMachine, rotateMachineToken }: DevicesOptions) {
  const waiting = (code: string) => sql`
    code_hash = ${sha256(lettersOf(code))} and approved is null and expires_at > ${new Date(now())}`;

  async function machineNamed(userId: string, name: string): Promise<string | null> {
    const [found] = await sql<{ id: string }[]>`select id from machines where user_id = ${userId} and name = ${name}`;
    return found?.id ?? null;
  }

  return {
    /** `machineName` null: for a login. Throws RATE_LIMITED while too many wait. */
    async startDevice(machineName: string | null, { client, address }: Origin): Promise<StartedDevice> {
      const [id, secret] = [randomUUID(), randomBytes(32).toString('base64url')];
      const code = Array.from({ length: LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('');
      const [at, expiresAt] = [new Date(now()), now() + DEVICE_LIFE];
      const [open] = await sql<{ count: number }[]>`
        select count(*)::int as count from device_requests where expires_at > ${at}`;
      if ((open?.count ?? 0) >= MOST) throw new HermitError('RATE_LIMITED', 'Too many devices wait to be let in.');
      await sql`
        insert into device_requests (id, code_hash, secret_hash, machine_name, client, address, created_at, expires_at)
        values (${id}, ${sha256(code)}, ${sha256(secret)}, ${machineName}, ${client}, ${address}, ${at}, ${new Date(expiresAt)})`;
      return { code: `${code.slice(0, 4)}-${code.slice(4)}`, secret: `hmd_${id}_${secret}`, expiresAt };
    },

    /** What this code asks of `userId`. Throws NOT_FOUND for one that is unknown, decided or too old. */
    async deviceByCode(userId: string, code: string): Promise<DeviceRequest> {
      const [row] = await sql<Row[]>`select * from device_requests where ${waiting(code)}`;
      if (row === undefined) throw unknownCode();
      const { client, address, machine_name: machineName } = row;
      const replaces = machineName !== null && (await machineNamed(userId, machineName)) !== null;
      const [createdAt, expiresAt] = [row.created_at.getTime(), row.expires_at.getTime()];
      return { machineName, client, address, createdAt, expiresAt, replaces };
    },

    /**
     * Decides once. Throws NOT_FOUND, or DUPLICATE where a machine of this name is there and `replace` does not say that
     * its token may go.
     */
    async decideDevice(
      userId: string,
      code: string,
      { approve, replace }: { approve: boolean; replace: boolean },
    ): Promise<{ machineName: string | null }> {
      const [asked] = await sql<Row[]>`select * from device_requests where ${waiting(code)}`;
      if (asked === undefined) throw unknownCode();
      const { machine_name: machineName } = asked;
      if (approve && !replace && machineName !== null && (await machineNamed(userId, machineName)) !== null) {
        throw new HermitError(
          'DUPLICATE',
          `You have a machine “${machineName}” already, whose token would be replaced.`,
        );
      }
      const decided = await sql`
        update device_requests set user_id = ${userId}, approved = ${approve}, replace = ${replace}
        where id = ${asked.id} and approved is null`;
      if (decided.count === 0) throw unknownCode();
      return { machineName };
    },

    /**
     * What became of a request; what it was for is handed out once. Throws NOT_FOUND for a secret that is unknown, used
     * or too old; MACHINE_LIMIT or DUPLICATE where the machine cannot be made any more.
     */
    async deviceOutcome(secret: string): Promise<DeviceOutcome> {
      const [, id, word] = SECRET.exec(secret) ?? [];
      if (id === undefined || word === undefined) throw unknownSecret();
      const [row] = await sql<(Row & { secret_hash: Uint8Array })[]>`
        select * from device_requests where id = ${id} and expires_at > ${new Date(now())}`;
      if (row === undefined || !sameHash(row.secret_hash, sha256(word))) throw unknownSecret();
      if (row.approved === null) return { status: 'pending' };
      // Of two that ask at once, one gets it.
      const taken = await sql`delete from device_requests where id = ${id}`;
      if (taken.count === 0) throw unknownSecret();
      if (!row.approved || row.user_id === null) return { status: 'denied' };
      const { user_id: userId, machine_name: name, client, address } = row;
      if (name === null) {
        const [user] = await sql<User[]>`select id, email, administrator from users where id = ${userId}`;
        if (user === undefined) throw unknownSecret();
        return { status: 'login', login: await openLogin(user, { client, address }) };
      }
      const present = row.replace ? await machineNamed(userId, name) : null;
      const made = present === null ? createMachine(userId, name) : rotateMachineToken(userId, present);
      return { status: 'machine', userId, machine: await made, replaced: present !== null };
    },
  };
}

/** As people type it: in lower case, with or without the dash, with blanks. */
function lettersOf(code: string): string {
  return code
    .toUpperCase()
    .replaceAll(/[^A-Z]/g, '')
    .slice(0, 2 * LENGTH);
}

function unknownCode(): HermitError {
  return new HermitError('NOT_FOUND', 'No device shows this code at the moment; codes are good for ten minutes, once.');
}

function unknownSecret(): HermitError {
  return new HermitError('NOT_FOUND', 'This request has ended; begin anew.');
}
