// What Redis shows of machines and pods: keys, fields of hashes and their version. Pods write it, `hermit presence` and
// dashboards read it; docs/redis.md is the same contract for people.

/** Stored in every machine and pod hash. */
export const PRESENCE_VERSION = 1;

/** A machine's keys carry its id as hash tag, so that Redis Cluster keeps them on one shard. */
export function presenceKeys(prefix: string) {
  const machine = (id: string) => `${prefix}machine:{${id}}`;
  return {
    machine,
    /** The greatest epoch registered; outlives the lease (OWN-1). */
    machineEpoch: (id: string) => `${machine(id)}:epoch`,
    /** Ids, each with a `SessionInfo` as JSON. */
    machineSessions: (id: string) => `${machine(id)}:sessions`,
    /** Ids, each with an `AttachmentInfo` as JSON. */
    machineAttachments: (id: string) => `${machine(id)}:attachments`,
    pod: (podId: string) => `${prefix}pod:${podId}`,
    // Ids, scored by the end of their lease.
    machinesOnline: `${prefix}machines:online`,
    userMachines: (userId: string) => `${prefix}user:${userId}:machines`,
    pods: `${prefix}pods`,
  };
}

/** Redis keeps text: a flag is 1 or 0. */
type Kinds = { text: string; number: number; flag: boolean };
type Fields = Readonly<Record<string, keyof Kinds>>;
type Value<F extends Fields, N extends keyof F> = Kinds[F[N]];

/** Who holds a machine; there while it is online. Times are milliseconds since 1970. */
export const MACHINE_FIELDS = {
  userId: 'text',
  name: 'text',
  pod: 'text',
  epoch: 'number',
  instance: 'text',
  connectedAt: 'number',
  lastSeen: 'number',
  agentVersion: 'text',
  sessionCount: 'number',
  contract: 'number',
} as const;

export const POD_FIELDS = {
  /** By the pod's own clock. */
  started: 'number',
  version: 'text',
  agents: 'number',
  clients: 'number',
  /** Of the machines whose agents are on the pod. */
  sessions: 'number',
  /** Of the clients that are on the pod. */
  attachments: 'number',
  draining: 'flag',
  /** On its WebSockets since it started. */
  bytesIn: 'number',
  bytesOut: 'number',
  contract: 'number',
} as const;

type Hash<F extends Fields> = { -readonly [N in keyof F]: Value<F, N> };
export type MachineHash = Hash<typeof MACHINE_FIELDS>;
export type PodHash = Hash<typeof POD_FIELDS>;

/** Names and values in turn, as HSET takes them. */
export function writeHash<F extends Fields>(_fields: F, values: Partial<Hash<F>>): (string | number)[] {
  return Object.entries(values as Record<string, string | number | boolean>).flatMap(([name, value]) => [
    name,
    typeof value === 'boolean' ? Number(value) : value,
  ]);
}

/**
 * Reads what HMGET gave for these names. A field that is missing (of an earlier version, or since the lease has ended) is
 * empty, 0 or false.
 */
export function readHash<F extends Fields, N extends keyof F & string>(
  fields: F,
  names: readonly N[],
  row: readonly (string | null | undefined)[],
): Pick<Hash<F>, N> {
  const value = (kind: keyof Kinds, text: string) => {
    if (kind === 'text') return text;
    return kind === 'flag' ? text === '1' : Number(text) || 0;
  };
  const entries = names.map((name, at) => [name, value(fields[name] as keyof Kinds, row[at] ?? '')]);
  return Object.fromEntries(entries) as Pick<Hash<F>, N>;
}

/** The fields that `readHash` can be asked for, in the order in which they stand. */
export const namesOf = <F extends Fields>(fields: F) => Object.keys(fields) as (keyof F & string)[];
