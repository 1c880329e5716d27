// Machines: whose they are, what they are called, and the tokens their agents come with.
import { randomUUID } from 'node:crypto';
import { HermitError, isUuid } from '@hermit/protocol';
import type { Sql, TransactionSql } from 'postgres';
import type { OnChange } from './changes.ts';
import { issueMachineToken, readMachineToken, sameHash } from './machine-token.ts';

export type Machine = {
  readonly id: string;
  readonly userId: string;
  readonly name: string;
  /** When an agent of it was last heard of, in milliseconds since 1970; null: never. */
  readonly lastSeen: number | null;
};
/** The token is known at this moment alone: only a hash of it is kept. */
export type MachineWithToken = { readonly machine: Machine; readonly token: string };

type Row = { id: string; user_id: string; name: string; last_seen: Date | null };

type MachinesOptions = { sql: Sql; onChange: OnChange; machinesPerUser: number };

/** Whoever asks for a machine of another user gets what they would get for none at all: null, or MACHINE_NOT_FOUND. */
export function createMachines({ sql, onChange, machinesPerUser }: MachinesOptions) {
  const columns = sql`id, user_id, name, last_seen`;

  /** Throws DUPLICATE, MACHINE_LIMIT or USER_NOT_FOUND. */
  async function addMachine(tx: TransactionSql, userId: string, name: string): Promise<MachineWithToken> {
    const id = randomUUID();
    const { token, hash } = issueMachineToken(id);
    // Counted under the owner's lock, or two at once would both find the last place free.
    const owner = await tx`select 1 from users where id = ${userId} for no key update`;
    if (owner.length === 0) throw new HermitError('USER_NOT_FOUND');
    const [owned] = await tx<{ count: number }[]>`
      select count(*)::int as count from machines where user_id = ${userId}`;
    if ((owned?.count ?? 0) >= machinesPerUser) {
      throw new HermitError('MACHINE_LIMIT', `A user may own at most ${machinesPerUser} machines.`);
    }
    const [row] = await tx<Row[]>`
      insert into machines (id, user_id, name, token_hash) values (${id}, ${userId}, ${name}, ${hash})
      on conflict (user_id, name) do nothing
      returning ${columns}`;
    if (row === undefined) throw duplicate();
    return { machine: machineOf(row), token };
  }

  /** Throws MACHINE_NOT_FOUND. Whoever calls it tells of it, once it is certain. */
  async function replaceToken(at: Sql | TransactionSql, userId: string, machineId: string): Promise<MachineWithToken> {
    const { token, hash } = issueMachineToken(machineId);
    const [row] = await at<Row[]>`
      update machines set token_hash = ${hash} where id = ${machineId} and user_id = ${userId}
      returning ${columns}`;
    if (row === undefined) throw notFound();
    return { machine: machineOf(row), token };
  }

  return {
    async machinesOf(userId: string): Promise<Machine[]> {
      const rows = await sql<Row[]>`select ${columns} from machines where user_id = ${userId} order by name, id`;
      return rows.map(machineOf);
    },

    async machineOf(userId: string, machineId: string): Promise<Machine | null> {
      if (!isUuid(machineId)) return null;
      const [row] = await sql<Row[]>`
        select ${columns} from machines where id = ${machineId} and user_id = ${userId}`;
      return row === undefined ? null : machineOf(row);
    },

    /** The machine whose token this is. No password hash is on this path: ten thousand agents may come at once. */
    async machineByToken(token: string): Promise<Machine | null> {
      const claimed = readMachineToken(token);
      if (claimed === null) return null;
      const [row] = await sql<(Row & { token_hash: Uint8Array })[]>`
        select ${columns}, token_hash from machines where id = ${claimed.machineId}`;
      return row !== undefined && sameHash(row.token_hash, claimed.hash) ? machineOf(row) : null;
    },

    addMachine,
    replaceToken,

    /** Throws DUPLICATE, MACHINE_LIMIT or USER_NOT_FOUND. */
    createMachine: (userId: string, name: string): Promise<MachineWithToken> =>
      sql.begin((tx) => addMachine(tx, userId, name)) as Promise<MachineWithToken>,

    /** Throws DUPLICATE or MACHINE_NOT_FOUND. */
    async renameMachine(userId: string, machineId: string, name: string): Promise<Machine> {
      if (!isUuid(machineId)) throw notFound();
      const [row] = await sql<Row[]>`
        update machines set name = ${name} where id = ${machineId} and user_id = ${userId}
        returning ${columns}`.catch((error: { code?: string }) => {
        throw error.code === UNIQUE_VIOLATION ? duplicate() : error;
      });
      if (row === undefined) throw notFound();
      onChange({ type: 'machine_renamed', userId, machineId, name });
      return machineOf(row);
    },

    /** Throws MACHINE_NOT_FOUND. */
    async removeMachine(userId: string, machineId: string): Promise<void> {
      if (!isUuid(machineId)) throw notFound();
      const sharedWith = (await sql.begin(async (tx) => {
        const owned = await tx`select 1 from machines where id = ${machineId} and user_id = ${userId} for update`;
        if (owned.length === 0) throw notFound();
        const rows = await tx<{ user_id: string }[]>`
          select distinct user_id from shares where machine_id = ${machineId} and user_id is not null`;
        await tx`delete from machines where id = ${machineId}`;
        return rows.map((row) => row.user_id);
      })) as string[];
      onChange({ type: 'machine_removed', userId, machineId, sharedWith });
    },

    /** The token before is worth nothing from then on. Throws MACHINE_NOT_FOUND. */
    async rotateMachineToken(userId: string, machineId: string): Promise<MachineWithToken> {
      if (!isUuid(machineId)) throw notFound();
      const replaced = await replaceToken(sql, userId, machineId);
      onChange({ type: 'machine_token_rotated', userId, machineId });
      return replaced;
    },

    /** Notes when machines were last heard of (milliseconds since 1970), many in one statement; never backwards. */
    async machinesSeen(seen: ReadonlyMap<string, number>): Promise<void> {
      if (seen.size === 0) return;
      const rows = [...seen].map(([id, at]) => ({ id, at: new Date(at).toISOString() }));
      await sql`
        update machines set last_seen = greatest(last_seen, seen.at)
        from jsonb_to_recordset(${sql.json(rows)}) as seen(id uuid, at timestamptz)
        where machines.id = seen.id`;
    },
  };
}

const UNIQUE_VIOLATION = '23505';

function machineOf(row: Row): Machine {
  return { id: row.id, userId: row.user_id, name: row.name, lastSeen: row.last_seen?.getTime() ?? null };
}

function duplicate(): HermitError {
  return new HermitError('DUPLICATE', 'You have a machine of this name already.');
}

function notFound(): HermitError {
  return new HermitError('MACHINE_NOT_FOUND');
}
