// The contract of presence, on every adapter: in memory, and in Redis in each of the ways it is run.
import { afterAll, beforeAll } from 'vitest';
import { RedisHouse } from '../../../../test/services/redis-topologies.ts';
import { givenRedis } from '../bus/redis-worlds.contract.ts';
import type { RedisSettings } from '../redis/redis-connection.ts';
import { presenceContract } from './presence.contract.ts';
import { MemoryPresence } from './presence-memory.ts';
import { manualClock, redisPresenceWorld } from './presence-worlds.contract.ts';

const house = new RedisHouse();
let sentinel: Omit<RedisSettings, 'prefix'>;
let cluster: Omit<RedisSettings, 'prefix'>;

beforeAll(async () => {
  const [behind, shards] = await Promise.all([house.sentinel(), house.cluster()]);
  sentinel = { mode: 'sentinel', urls: [behind.url], sentinelName: behind.name };
  cluster = { mode: 'cluster', urls: shards.urls };
});
afterAll(() => house[Symbol.asyncDispose]());

presenceContract('in memory', async () => {
  const { clock, pass } = manualClock();
  const presence = new MemoryPresence({ clock });
  const leases = { machine: 30_000, pod: 15_000 };
  return { join: async () => presence, leases, pass, async [Symbol.asyncDispose]() {} };
});
presenceContract('one Redis', (leases) => redisPresenceWorld({ mode: 'single', urls: givenRedis() }, leases));
presenceContract('Redis behind Sentinel', (leases) => redisPresenceWorld(sentinel, leases));
presenceContract('Redis Cluster', (leases) => redisPresenceWorld(cluster, leases));
