// The bus when the servers behind it change their roles: a failover, a slot that moves, a master that dies.
import { afterAll, expect, test, vi } from 'vitest';
import { type RedisCluster, RedisHouse, withRedis } from '../../../../test/services/redis-topologies.ts';
import { hashSlot } from '../redis/hash-slot.ts';
import { published, subscribed } from './bus.contract.ts';
import type { Bus } from './bus.ts';
import { FAST_PROBE, killConnections, RedisWorld, untilHealthy } from './redis-worlds.contract.ts';

const DEADLINE = { timeout: 18_000, interval: 10 };

const house = new RedisHouse();
afterAll(() => house[Symbol.asyncDispose]());

/** Publishes numbers until one is received that was published after the call; the list of what was heard. */
async function untilHeard(from: Bus, channel: string, heard: number[], next: { n: number }): Promise<void> {
  const first = next.n;
  await vi.waitFor(async () => {
    await published(from, channel, `${next.n++}`);
    expect(heard.at(-1) ?? -1).toBeGreaterThanOrEqual(first);
  }, DEADLINE);
}

const ascending = (numbers: number[]) => numbers.every((n, at) => at === 0 || n > numbers[at - 1]!);

test('the slot of a name is what Redis says it is', async () => {
  const cluster = await house.cluster({ masters: 1 });
  const names = ['', 'foo', '{}', '{a}b', 'a{b}{c}', 'a{{b}}', 'a{b', 'foo{}{bar}', 'hermit:machine:{x}:session:y'];
  await withRedis(cluster.nodes[0]!.port, async (redis) => {
    for (const name of names)
      expect([name, hashSlot(name)]).toEqual([name, await redis.call('CLUSTER', 'KEYSLOT', name)]);
  });
});

test('Sentinel fails over, by order and by death: pods follow, in order and without doubles', async () => {
  const { url, name, master, replica } = await house.sentinel();
  await using world = new RedisWorld({ mode: 'sentinel', urls: [url], sentinelName: name });
  const [from, to] = [await world.join({ probe: FAST_PROBE }), await world.join({ probe: FAST_PROBE })];
  const channel = `${world.prefix}machine:{m}`;
  const heard: number[] = [];
  const next = { n: 0 };
  let restored = 0;
  to.onRestored(() => restored++);
  await subscribed(to, channel, (message) => heard.push(Number(message)));
  await untilHeard(from, channel, heard, next);

  const sentinel = Number(new URL(url).port);
  await withRedis(sentinel, (redis) => redis.call('SENTINEL', 'FAILOVER', name));
  await untilRole(replica.port, 'master');
  // The sentinel would make it a replica too, but takes its time.
  await withRedis(master.port, (redis) => redis.replicaof('127.0.0.1', replica.port));
  await vi.waitFor(() => expect(restored).toBeGreaterThan(0), DEADLINE);
  await Promise.all([untilHealthy(from), untilHealthy(to)]);
  await untilHeard(from, channel, heard, next);

  // A subscriber may have stayed at the server that is promoted now: then it has lost nothing, and is not restored.
  await replica.process.stop('SIGKILL');
  await untilRole(master.port, 'master');
  await untilHeard(from, channel, heard, next);
  expect(ascending(heard)).toBe(true);
}, 60_000);

async function untilRole(port: number, role: 'master' | 'slave'): Promise<void> {
  await vi.waitFor(async () => {
    const info = await withRedis(port, (redis) => redis.info('replication'));
    expect(info).toContain(`role:${role}`);
  }, DEADLINE);
}

test('a slot moves to another master: its channels move with it, and the others do not notice', async () => {
  const cluster = await house.cluster();
  await using world = clusterWorld(cluster);
  const [from, to] = [await world.join(), await world.join()];
  const moving = `${world.prefix}machine:{moving}`;
  const slot = hashSlot(moving);
  const source = await cluster.ownerOf(slot);
  const target = cluster.nodes.find((node) => node !== source)!;
  // One that stays where the other leaves.
  const staying = await channelOn(cluster, source.port, (n) => `${world.prefix}machine:{staying-${n}}`, slot);
  const heard: Record<string, number[]> = { [moving]: [], [staying]: [] };
  let restored = 0;
  to.onRestored(() => restored++);
  for (const channel of [moving, staying]) {
    await subscribed(to, channel, (message) => heard[channel]!.push(Number(message)));
  }
  const next = { n: 0 };
  await untilHeard(from, moving, heard[moving]!, next);
  for (let n = 0; n < 100; n++) from.publish(staying, `${n}`);
  await cluster.moveSlot(slot, target);
  for (let n = 100; n < 200; n++) from.publish(staying, `${n}`);
  await vi.waitFor(() => expect(restored).toBeGreaterThan(0), DEADLINE);
  await untilHeard(from, moving, heard[moving]!, next);
  expect(await published(from, moving, `${next.n++}`)).toBe(1);
  expect(ascending(heard[moving]!)).toBe(true);
  await vi.waitFor(() => expect(heard[staying]).toEqual(Array.from({ length: 200 }, (_, n) => n)), DEADLINE);
  // And a pod that knows nothing of it comes to the new owner.
  const late = await world.join();
  expect(await published(late, moving, `${next.n++}`)).toBe(1);
}, 60_000);

test('one shard of a cluster falls silent: its probe finds it', async () => {
  const cluster = await house.cluster();
  await using world = clusterWorld(cluster);
  const bus = await world.join({ probe: FAST_PROBE });
  const channel = `${world.prefix}machine:{m}`;
  const heard: string[] = [];
  await subscribed(bus, channel, (message) => heard.push(message.toString()));
  let restored = 0;
  bus.onRestored(() => restored++);
  const owner = await cluster.ownerOf(hashSlot(channel));
  await killConnections(owner.port, 'subscriber');
  await vi.waitFor(() => expect(restored).toBe(1), DEADLINE);
  // Stopped, it keeps its connections and says nothing.
  owner.process.kill('SIGSTOP');
  try {
    await vi.waitFor(() => expect(bus.healthy).toBe(false), DEADLINE);
  } finally {
    owner.process.kill('SIGCONT');
  }
  await vi.waitFor(() => expect(restored).toBeGreaterThan(1), DEADLINE);
  await untilHealthy(bus);
  await vi.waitFor(async () => expect(await published(bus, channel, 'x')).toBe(1), DEADLINE);
  await vi.waitFor(() => expect(heard.at(-1)).toBe('x'), DEADLINE);
}, 60_000);

test('a master dies and its replica takes over: its channels come back there', async () => {
  const cluster = await house.cluster({ replica: true });
  await using world = clusterWorld(cluster);
  const [from, to] = [await world.join(), await world.join()];
  const [dying] = cluster.nodes;
  const channel = await channelOn(cluster, dying!.port, (n) => `${world.prefix}machine:{m-${n}}`);
  const heard: number[] = [];
  const next = { n: 0 };
  let restored = 0;
  to.onRestored(() => restored++);
  await subscribed(to, channel, (message) => heard.push(Number(message)));
  await untilHeard(from, channel, heard, next);
  await dying!.process.stop('SIGKILL');
  await untilHeard(from, channel, heard, next);
  await vi.waitFor(() => expect(restored).toBeGreaterThan(0), DEADLINE);
  await Promise.all([untilHealthy(from), untilHealthy(to)]);
  expect(ascending(heard)).toBe(true);
}, 60_000);

const clusterWorld = (cluster: RedisCluster) => new RedisWorld({ mode: 'cluster', urls: cluster.urls });

/** The first name that the master on this port serves, in another slot than the given one. */
async function channelOn(
  cluster: RedisCluster,
  port: number,
  name: (n: number) => string,
  except?: number,
): Promise<string> {
  for (let n = 0; ; n++) {
    const slot = hashSlot(name(n));
    if (slot !== except && (await cluster.ownerOf(slot)).port === port) return name(n);
  }
}
