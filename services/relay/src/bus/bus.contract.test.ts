// The contract of the bus, on every adapter: in memory, and through Redis in each of the ways it is run.
import { afterAll, beforeAll } from 'vitest';
import { RedisHouse } from '../../../../test/services/redis-topologies.ts';
import type { RedisSettings } from '../redis/redis-connection.ts';
import { busContract } from './bus.contract.ts';
import { BusHub } from './bus-memory.ts';
import { givenRedis, RedisWorld } from './redis-worlds.contract.ts';

const house = new RedisHouse();
let sentinel: Omit<RedisSettings, 'prefix'>;
let cluster: Omit<RedisSettings, 'prefix'>;

beforeAll(async () => {
  const [behind, shards] = await Promise.all([house.sentinel(), house.cluster()]);
  sentinel = { mode: 'sentinel', urls: [behind.url], sentinelName: behind.name };
  cluster = { mode: 'cluster', urls: shards.urls };
});
afterAll(() => house[Symbol.asyncDispose]());

busContract('in memory', async () => {
  const hub = new BusHub();
  return { prefix: 'test:', join: async () => hub.join(), async [Symbol.asyncDispose]() {} };
});
busContract('one Redis', async () => new RedisWorld({ mode: 'single', urls: givenRedis() }));
busContract('Redis behind Sentinel', async () => new RedisWorld(sentinel));
busContract('Redis Cluster', async () => new RedisWorld(cluster));
