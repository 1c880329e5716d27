// Devices that are let in without a password: each shows a code, and somebody who is logged in approves it.
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { HermitError } from '@hermit/protocol';
import type { Sql, TransactionSql } from 'postgres';
import type { OnChange } from './changes.ts';
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
 * Requests at once, of everybody together: a guess among them hits once in two million. Those that are counted in the
 * same instant do not see each other, so there may be more by as many as pods have connections to the database.
 */
export const MOST_DEVICES = 10_000;
/** Of one network, so that a stranger leaves room for others also where no rule counts: `RATE_LIMITS`, Redis away. */
export const MOST_OF_NETWORK = 100;
/** Old ones that go with each new one: as fast as they can come, so that the table keeps within its bound by itself. */
const CLEARED = 10;
const SECRET = /^hmd_([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;

type StartedDevice = {
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

type DevicesOptions = {
  sql: Sql;
  now: () => number;
  onChange: OnChange;
  openLoginFor(whose: (tx: TransactionSql) => Promise<User>, origin: Origin): Promise<Login>;
  addMachine(tx: TransactionSql, userId: string, name: string): Promise<MachineWithToken>;
  replaceToken(tx: TransactionSql, userId: string, machineId: string): Promise<MachineWithToken>;
};

export function createDevices(options: DevicesOptions) {
  const { sql, now, onChange, openLoginFor, addMachine, replaceToken } = options;
  const waiting = (code: string) => sql`
    code_hash = ${sha256(lettersOf(code))} and approved is null and expires_at > ${new Date(now())}`;

  async function machineNamed(userId: string, name: string, at: Sql | TransactionSql = sql): Promise<string | null> {
    const [found] = await at<{ id: string }[]>`select id from machines where user_id = ${userId} and name = ${name}`;
    return found?.id ?? null;
  }

  /** Of two that ask at once, one gets it. */
  async function take(at: Sql | TransactionSql, id: string): Promise<void> {
    const taken = await at`delete from device_requests where id = ${id}`;
    if (taken.count === 0) throw unknownSecret();
  }

  async function takeUser(tx: TransactionSql, id: string, userId: string): Promise<User> {
    await take(tx, id);
    const [user] = await tx<User[]>`select id, email, administrator from users where id = ${userId}`;
    if (user === undefined) throw unknownSecret();
    return user;
  }

  async function takeMachine(row: Row, userId: string, name: string): Promise<DeviceOutcome> {
    const outcome = (await sql.begin(async (tx) => {
      await take(tx, row.id);
      const present = row.replace ? await machineNamed(userId, name, tx) : null;
      const machine = await (present === null ? addMachine(tx, userId, name) : replaceToken(tx, userId, present));
      return { status: 'machine', userId, machine, replaced: present !== null };
    })) as Extract<DeviceOutcome, { status: 'machine' }>;
    const { machine, replaced } = outcome;
    if (replaced) onChange({ type: 'machine_token_rotated', userId, machineId: machine.machine.id });
    return outcome;
  }

  return {
    /** `machineName` null: for a login. Throws RATE_LIMITED while too many wait, of all or of this network. */
    async startDevice(
      machineName: string | null,
      { client, address, network = address }: Origin & { network?: string },
    ): Promise<StartedDevice> {
      const [id, secret] = [randomUUID(), randomBytes(32).toString('base64url')];
      const code = Array.from({ length: LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('');
      const [at, expiresAt] = [new Date(now()), now() + DEVICE_LIFE];
      const open = sql`select count(*) from device_requests where expires_at > ${at}`;
      const made = await sql`
        with gone as (
          delete from device_requests where id in (
            select id from device_requests where expires_at <= ${at} limit ${CLEARED} for update skip locked
          )
        )
        insert into device_requests
          (id, code_hash, secret_hash, machine_name, client, address, network, created_at, expires_at)
        select ${id}, ${sha256(code)}, ${sha256(secret)}, ${machineName}, ${client}, ${address}, ${network},
          ${at}::timestamptz, ${new Date(expiresAt)}::timestamptz
        where (${open}) < ${MOST_DEVICES} and (${open} and network = ${network}) < ${MOST_OF_NETWORK}`;
      if (made.count === 0) throw new HermitError('RATE_LIMITED', 'Too many devices wait to be let in.');
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
     * What became of a request; what it was for is handed out once, and the request spent with it, or neither. Throws NOT_FOUND for a secret that is unknown, used
     * or too old; MACHINE_LIMIT or DUPLICATE where the machine cannot be made any more.
     */
    async deviceOutcome(secret: string): Promise<DeviceOutcome> {
      const [, id, word] = SECRET.exec(secret) ?? [];
      if (id === undefined || word === undefined) throw unknownSecret();
      const [row] = await sql<(Row & { secret_hash: Uint8Array })[]>`
        select * from device_requests where id = ${id} and expires_at > ${new Date(now())}`;
      if (row === undefined || !sameHash(row.secret_hash, sha256(word))) throw unknownSecret();
      if (row.approved === null) return { status: 'pending' };
      const { user_id: userId, machine_name: name, client, address } = row;
      if (!row.approved || userId === null) {
        await take(sql, id);
        return { status: 'denied' };
      }
      if (name !== null) return takeMachine(row, userId, name);
      return { status: 'login', login: await openLoginFor((tx) => takeUser(tx, id, userId), { client, address }) };
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
