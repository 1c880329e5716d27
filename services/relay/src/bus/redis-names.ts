// Names of channels and keys, in one place; docs/redis.md documents them as a public contract. A machine's names
// carry its id as hash tag, so that Redis Cluster keeps them on one shard, in order.

export type RedisNames = ReturnType<typeof redisNames>;

/** Version of the presence contract, stored in every machine and pod hash. */
export const CONTRACT_VERSION = 1;

export function redisNames(prefix: string) {
  const machine = (id: string) => `${prefix}machine:{${id}}`;
  return {
    prefix,
    // Channels
    machineChannel: machine,
    sessionChannel: (machineId: string, sessionId: string) => `${machine(machineId)}:session:${sessionId}`,
    userChannel: (userId: string) => `${prefix}user:${userId}`,
    podChannel: (podId: string) => `${prefix}pod:${podId}`,
    /** A pod to itself: does its subscription deliver? In a cluster the tag picks the shard. */
    podProbe: (podId: string, tag?: number) => `${prefix}pod:${podId}:probe${tag === undefined ? '' : `:${tag}`}`,
    /** Any pod to every pod; no pod's id begins with a colon. */
    revocations: `${prefix}pod::revoked`,
    // Keys
    machine,
    /** The greatest epoch registered; outlives the lease (OWN-1). */
    machineEpoch: (id: string) => `${machine(id)}:epoch`,
    machineSessions: (id: string) => `${machine(id)}:sessions`,
    machineAttachments: (id: string) => `${machine(id)}:attachments`,
    machinesOnline: `${prefix}machines:online`,
    userMachines: (userId: string) => `${prefix}user:${userId}:machines`,
    pods: `${prefix}pods`,
    pod: (podId: string) => `${prefix}pod:${podId}`,
    /** How often something was tried; lives as long as its window. */
    limit: (name: string) => `${prefix}limit:${name}`,
  };
}
