// Presence in Redis when Redis misbehaves, and what it leaves there for others to read.
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, expect, test, vi } from 'vitest';
import { RedisHouse, withRedis } from '../../../../test/services/redis-topologies.ts';
import { TcpProxy } from '../../../../test/services/tcp-proxy.ts';
import { connectionsOf, killConnections } from '../bus/redis-worlds.contract.ts';
import { attachmentOf, claim, claimOf, podOf, renew, sessionOf } from './presence.contract.ts';
import { redisPresenceWorld, untilAvailable } from './presence-worlds.contract.ts';

const DEADLINE = { timeout: 15_000, interval: 10 };
const LONG = { machine: 60_000, pod: 60_000 };

const house = new RedisHouse();
afterAll(() => house[Symbol.asyncDispose]());

const worldOn = (port: number, leases = LONG) =>
  redisPresenceWorld({ mode: 'single', urls: [`redis://127.0.0.1:${port}`] }, leases);

/** Everything under a prefix, as `SCAN` finds it. */
const keysOf = (port: number, prefix: string) =>
  withRedis(port, async (redis) => {
    const keys: string[] = [];
    for await (const found of redis.scanStream({ match: `${prefix}*`, count: 1_000 }))
      keys.push(...(found as string[]));
    return keys.map((key) => key.slice(prefix.length)).sort();
  });

test('a wiped Redis is rebuilt by renewing and describing', async () => {
  const redis = await house.single();
  await using world = await worldOn(redis.port);
  const presence = await world.join();
  const mine = claimOf();
  const activity = { sessions: [sessionOf()], attachments: [] };
  await claim(presence, mine);
  presence.describe(mine, activity);
  await vi.waitFor(async () => expect(await presence.sessions(mine.machineId)).toHaveLength(1), DEADLINE);
  await withRedis(redis.port, async (client) => {
    await client.flushall();
    // The scripts go too, as they do in a restart.
    await client.script('FLUSH');
  });
  expect((await presence.machines([mine.machineId])).size).toBe(0);
  expect(await renew(presence, mine)).toEqual({ result: 'rebuilt' });
  presence.describe(mine, activity);
  await vi.waitFor(async () => expect(await presence.sessions(mine.machineId)).toEqual(activity.sessions), DEADLINE);
  await vi.waitFor(async () => {
    const { prefix } = world.redis;
    const online = await withRedis(redis.port, (client) => client.zrange(`${prefix}machines:online`, '0', '-1'));
    expect(online).toEqual([mine.machineId]);
  }, DEADLINE);
});

test('Redis is away: everything answers that it is unavailable, and nothing that was asked meanwhile is done later', async () => {
  const redis = await house.single();
  await using world = await worldOn(redis.port);
  const presence = await world.join();
  const mine = claimOf();
  await claim(presence, mine);
  await redis.stop();
  await vi.waitFor(() => expect(presence.available).toBe(false), DEADLINE);
  const unavailable = { result: 'unavailable' };
  const later = claimOf();
  expect(await claim(presence, later)).toEqual(unavailable);
  expect(await renew(presence, mine)).toEqual(unavailable);
  const rejected = { code: 'UNAVAILABLE' };
  await expect(presence.machines([mine.machineId])).rejects.toMatchObject(rejected);
  await expect(presence.sessions(mine.machineId)).rejects.toMatchObject(rejected);
  await expect(presence.pods()).rejects.toMatchObject(rejected);
  presence.pod(podOf('pod-1'));
  presence.release(mine.machineId, mine.epoch);

  await house.single({ port: redis.port });
  await untilAvailable(presence);
  expect(await renew(presence, mine)).toEqual({ result: 'rebuilt' });
  expect((await presence.machines([mine.machineId, later.machineId])).size).toBe(1);
  expect(await presence.pods()).toEqual([]);
});

test('Redis does not answer: there is a deadline, and a repeated claim is the same claim', async () => {
  const redis = await house.single();
  await using proxy = await TcpProxy.to(redis.port);
  await using world = await worldOn(proxy.port);
  const presence = await world.join({ presence: { deadline: 200 }, timings: { silence: 600 } });
  const mine = claimOf();
  // The server does what it is told, and the answer is late.
  proxy.stall((await connectionsOf(redis.port, 'commands')).map(({ port }) => port));
  const since = performance.now();
  expect(await claim(presence, mine)).toEqual({ result: 'unavailable' });
  expect(performance.now() - since).toBeLessThan(2_000);
  await vi.waitFor(async () => expect(await keysOf(redis.port, world.redis.prefix)).toHaveLength(2), DEADLINE);
  await expect(presence.pods()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  // Silence is found out, and the connection made anew.
  await vi.waitFor(async () => expect(await claim(presence, mine)).toEqual({ result: 'taken' }), DEADLINE);
});

test('the connection is killed: the next renewal brings what the server has not been told', async () => {
  const redis = await house.single();
  await using world = await worldOn(redis.port);
  const presence = await world.join();
  const mine = claimOf();
  const session = sessionOf();
  await claim(presence, mine);
  // It may be back within a millisecond.
  await vi.waitFor(async () => {
    await killConnections(redis.port, 'commands');
    expect(presence.available).toBe(false);
  }, DEADLINE);
  presence.describe(mine, { sessions: [session], attachments: [] });
  await untilAvailable(presence);
  expect(await presence.sessions(mine.machineId)).toEqual([]);
  expect(await renew(presence, mine)).toEqual({ result: 'renewed' });
  await vi.waitFor(async () => expect(await presence.sessions(mine.machineId)).toEqual([session]), DEADLINE);
});

test('a pod dies with a thousand machines: all are offline within one lease, and nothing but epochs is left', async () => {
  const redis = await house.single();
  const leases = { machine: 3_000, pod: 1_000 };
  await using world = await worldOn(redis.port, leases);
  const [dying, reader] = [await world.join(), await world.join()];
  const { prefix } = world.redis;
  const claims = Array.from({ length: 1_000 }, (_, n) => claimOf({ userId: `user-${n % 7}` }));
  await Promise.all(claims.map((each) => claim(dying, each)));
  dying.describe(claims[0]!, { sessions: [sessionOf()], attachments: [] });
  dying.pod(podOf('pod-1'));
  const online = () =>
    withRedis(redis.port, async (client) => ({
      all: await client.zcount(`${prefix}machines:online`, Date.now(), '+inf'),
      ofOne: await client.zcount(`${prefix}user:user-3:machines`, Date.now(), '+inf'),
      pods: await client.zcount(`${prefix}pods`, Date.now(), '+inf'),
    }));
  await vi.waitFor(async () => expect(await online()).toEqual({ all: 1_000, ofOne: 143, pods: 1 }), DEADLINE);
  await killConnections(redis.port, 'commands');
  await pause(leases.machine + 100);
  expect(await online()).toEqual({ all: 0, ofOne: 0, pods: 0 });
  expect((await reader.machines(claims.map(({ machineId }) => machineId))).size).toBe(0);
  expect((await keysOf(redis.port, prefix)).every((key) => key.endsWith(':epoch'))).toBe(true);
});

test('sorted sets lose what has expired when others write to them, and what was released at once', async () => {
  const redis = await house.single();
  await using short = await worldOn(redis.port, { machine: 300, pod: 300 });
  const { prefix } = short.redis;
  const long = await short.join({ presence: { machineLease: 60_000 }, settings: { prefix } });
  const presence = await short.join();
  const userId = randomUUID();
  const [expiring, staying, released] = [claimOf({ userId }), claimOf({ userId }), claimOf({ userId })];
  await claim(long, staying);
  await claim(long, released);
  await claim(presence, expiring);
  const members = () =>
    withRedis(redis.port, async (client) =>
      Promise.all(
        [`${prefix}machines:online`, `${prefix}user:${userId}:machines`].map((key) => client.zrange(key, '0', '-1')),
      ),
    );
  await vi.waitFor(async () => expect((await members()).map((each) => each.length)).toEqual([3, 3]), DEADLINE);
  long.release(released.machineId, released.epoch);
  await vi.waitFor(async () => expect((await members()).map((each) => each.length)).toEqual([2, 2]), DEADLINE);
  await vi.waitFor(async () => {
    await renew(long, staying);
    expect(await members()).toEqual([[staying.machineId], [staying.machineId]]);
  }, DEADLINE);
});

test('a release that comes after another pod has claimed takes nothing from it', async () => {
  const redis = await house.single();
  await using world = await worldOn(redis.port);
  const [old, current] = [await world.join(), await world.join()];
  const mine = claimOf();
  await claim(old, mine);
  const taken = { ...mine, pod: 'pod-2', epoch: mine.epoch + 1 };
  // Both at once: whichever comes first, the machine is online in the end. Leases are told apart by the millisecond.
  for (let round = 0; round < 20; round++) {
    await pause(2);
    old.release(mine.machineId, mine.epoch + round);
    const next = { ...taken, epoch: taken.epoch + round };
    expect(await claim(current, next)).toEqual({ result: 'taken' });
  }
  await Promise.all([old.close(), current.close()]);
  const key = `${world.redis.prefix}machines:online`;
  const found = await withRedis(redis.port, (client) => client.zrange(key, '0', '-1'));
  expect(found).toEqual([mine.machineId]);
});

test('ten thousand machines are listed without a command that looks through all keys', async () => {
  const redis = await house.single();
  await using world = await worldOn(redis.port);
  const presence = await world.join({ presence: { deadline: 30_000 } });
  const claims = Array.from({ length: 10_000 }, () => claimOf({ userId: 'user' }));
  await Promise.all(claims.map((each) => claim(presence, each)));
  presence.describe(claims[0]!, { sessions: [sessionOf()], attachments: [attachmentOf(randomUUID())] });
  presence.pod(podOf('pod-1'));
  expect((await presence.machines(claims.map(({ machineId }) => machineId))).size).toBe(10_000);
  await presence.pods();
  await presence.close();
  await withRedis(redis.port, async (client) => {
    const used = [...(await client.info('commandstats')).matchAll(/cmdstat_([^:]+):/g)].map(([, name]) => name);
    expect(used).toContain('hmget');
    expect(used.filter((name) => /^(keys|scan|sort|smembers|monitor)/.test(name!))).toEqual([]);
    const { prefix } = world.redis;
    const listed = [`${prefix}machines:online`, `${prefix}user:user:machines`].map((key) => client.zcard(key));
    expect(await Promise.all(listed)).toEqual([10_000, 10_000]);
  });
});
