// Names of channels and keys, in one place; docs/redis.md documents them as a public contract. A machine's names
// carry its id as hash tag, so that Redis Cluster keeps them on one shard, in order.
import { presenceKeys } from '@hermit/protocol';

/** Characters of a machine's id. */
const UUID_LENGTH = 36;

export type RedisNames = ReturnType<typeof redisNames>;

export function redisNames(prefix: string) {
  const keys = presenceKeys(prefix);
  return {
    prefix,
    // Channels
    machineChannel: keys.machine,
    /** The machine that such a channel is of. */
    machineOf: (channel: string) => channel.slice(channel.length - UUID_LENGTH - 1, -1),
    sessionChannel: (machineId: string, sessionId: string) => `${keys.machine(machineId)}:session:${sessionId}`,
    userChannel: (userId: string) => `${prefix}user:${userId}`,
    podChannel: (podId: string) => `${prefix}pod:${podId}`,
    /** A pod to itself: does its subscription deliver? In a cluster the tag picks the shard. */
    podProbe: (podId: string, tag?: number) => `${prefix}pod:${podId}:probe${tag === undefined ? '' : `:${tag}`}`,
    /** Any pod to every pod; no pod's id begins with a colon. */
    revocations: `${prefix}pod::revoked`,
    // Keys
    ...keys,
    /** How often something was tried; lives as long as its window. */
    limit: (name: string) => `${prefix}limit:${name}`,
  };
}
