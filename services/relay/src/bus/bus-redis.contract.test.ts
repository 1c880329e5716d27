// The bus through Redis when Redis, or the way to it, misbehaves.
import { randomInt } from 'node:crypto';
import { seeded } from '@hermit/transport';
import { afterAll, expect, test, vi } from 'vitest';
import { RedisHouse, withRedis } from '../../../../test/services/redis-topologies.ts';
import { TcpProxy } from '../../../../test/services/tcp-proxy.ts';
import type { RedisRole } from '../redis/redis-connection.ts';
import { published, subscribed } from './bus.contract.ts';
import type { Bus } from './bus.ts';
import { connectionsOf, FAST_PROBE, killConnections, RedisWorld, untilHealthy } from './redis-worlds.contract.ts';

const DEADLINE = { timeout: 15_000, interval: 5 };
/** Only a broken connection, not a slow machine, is to be found by these. */
const NO_PROBE = { every: 600_000, timeout: 600_000 };

const house = new RedisHouse();
afterAll(() => house[Symbol.asyncDispose]());

const worldOn = (port: number) => new RedisWorld({ mode: 'single', urls: [`redis://127.0.0.1:${port}`] });

/** Counts what `onRestored` reports. */
function restorations(bus: Bus): { count: number } {
  const seen = { count: 0 };
  bus.onRestored(() => seen.count++);
  return seen;
}

test('Redis restarts: what is published meanwhile is dropped, then every subscription is back', async () => {
  const redis = await house.single();
  await using world = worldOn(redis.port);
  const [from, to] = [await world.join(), await world.join()];
  const heard: string[] = [];
  await subscribed(to, `${world.prefix}a`, (message) => heard.push(message.toString()));
  const restored = restorations(to);

  await redis.stop();
  await vi.waitFor(() => expect(from.publishing).toBe(false), DEADLINE);
  expect(await published(from, `${world.prefix}a`, 'lost')).toBe(null);
  const late: string[] = [];
  to.subscribe(
    `${world.prefix}late`,
    () => {},
    () => late.push('late'),
  );
  to.subscribe(
    `${world.prefix}never`,
    () => {},
    () => late.push('never'),
  );
  to.unsubscribe(`${world.prefix}never`);
  expect(to.healthy).toBe(false);

  await house.single({ port: redis.port });
  await vi.waitFor(() => expect(restored.count).toBe(1), DEADLINE);
  expect(late).toEqual(['late']);
  await untilHealthy(from);
  expect(await published(from, `${world.prefix}a`, 'kept')).toBe(1);
  expect(await published(from, `${world.prefix}never`, 'x')).toBe(0);
  await vi.waitFor(() => expect(heard).toEqual(['kept']), DEADLINE);
});

test('a pod that starts before Redis works as soon as Redis does, and has lost nothing', async () => {
  const redis = await house.single();
  await redis.stop();
  await using world = worldOn(redis.port);
  const bus = world.bus();
  const restored = restorations(bus);
  const confirmed = subscribed(bus, `${world.prefix}a`, () => {});
  expect(await published(bus, `${world.prefix}a`, 'x')).toBe(null);
  await house.single({ port: redis.port });
  await confirmed;
  await untilHealthy(bus);
  expect(restored.count).toBe(0);
});

test('the subscriber is killed: restored once, after the own probe came through', async () => {
  const redis = await house.single();
  await using world = worldOn(redis.port);
  const probed: number[] = [];
  const bus = await world.join({ bus: { probed: (roundTrip) => probed.push(roundTrip) }, probe: NO_PROBE });
  const heard: string[] = [];
  await subscribed(bus, `${world.prefix}a`, (message) => heard.push(message.toString()));
  let proof = 0;
  bus.onRestored(() => {
    proof = probed.length;
  });
  expect(probed).toHaveLength(1);
  await killConnections(redis.port, 'subscriber');
  await vi.waitFor(() => expect(proof).toBe(2), DEADLINE);
  expect(await published(bus, `${world.prefix}a`, 'x')).toBe(1);
  await vi.waitFor(() => expect(heard).toEqual(['x']), DEADLINE);
});

test('the publisher is killed with messages under way: every one is answered once, none is sent again', async () => {
  const redis = await house.single();
  await using proxy = await TcpProxy.to(redis.port);
  await using world = worldOn(proxy.port);
  await using direct = worldOn(redis.port);
  const from = await world.join({ probe: NO_PROBE });
  const to = await direct.join();
  const channel = `${world.prefix}a`;
  const heard: number[] = [];
  await subscribed(to, channel, (message) => heard.push(Number(message)));
  const restored = restorations(from);
  const answers: (number | null)[][] = [];
  const publish = (n: number) => {
    const mine: (number | null)[] = [];
    answers.push(mine);
    from.publish(channel, `${n}`, (receivers) => mine.push(receivers));
  };
  // The server hears them, and its answers pile up.
  proxy.stall((await connectionsOf(redis.port, 'publisher')).map(({ port }) => port));
  for (let n = 0; n < 100; n++) publish(n);
  await vi.waitFor(() => expect(heard).toHaveLength(100), DEADLINE);
  await killConnections(redis.port, 'publisher');
  proxy.cut();
  await vi.waitFor(() => expect(answers.flat()).toHaveLength(100), DEADLINE);
  expect(answers.every((mine) => mine.length === 1 && mine[0] === null)).toBe(true);
  await untilHealthy(from);
  publish(100);
  await vi.waitFor(() => expect(answers[100]).toEqual([1]), DEADLINE);
  expect(heard).toEqual(Array.from({ length: 101 }, (_, n) => n));
  expect(restored.count).toBe(1);
});

test.each<RedisRole[]>([['subscriber'], ['publisher'], ['subscriber', 'publisher']])(
  'connections that stay open and carry nothing are found by the probe: %s %s',
  async (...roles) => {
    const redis = await house.single();
    await using proxy = await TcpProxy.to(redis.port);
    await using world = worldOn(proxy.port);
    const seen = { missed: 0, rebuilt: 0 };
    const bus = await world.join({
      probe: FAST_PROBE,
      bus: { probeMissed: () => seen.missed++, rebuilt: () => seen.rebuilt++ },
    });
    const heard: string[] = [];
    await subscribed(bus, `${world.prefix}a`, (message) => heard.push(message.toString()));
    const restored = restorations(bus);
    const silent = (await Promise.all(roles.map((role) => connectionsOf(redis.port, role)))).flat();
    proxy.silenceOpen(silent.map(({ port }) => port));
    await vi.waitFor(() => expect(restored.count).toBeGreaterThan(0), DEADLINE);
    expect(seen.missed).toBeGreaterThanOrEqual(2);
    expect(seen.rebuilt).toBeGreaterThanOrEqual(1);
    await vi.waitFor(async () => expect(await published(bus, `${world.prefix}a`, 'x')).toBe(1), DEADLINE);
    await vi.waitFor(() => expect(heard.at(-1)).toBe('x'), DEADLINE);
  },
);

test('the network goes silent for all, and comes back', async () => {
  const redis = await house.single();
  await using proxy = await TcpProxy.to(redis.port);
  await using world = worldOn(proxy.port);
  const bus = await world.join({ probe: FAST_PROBE, timings: { silence: 500 } });
  const restored = restorations(bus);
  proxy.silence();
  await vi.waitFor(() => expect(bus.healthy).toBe(false), DEADLINE);
  // Connections that are accepted and never greeted are given up as well.
  const { accepted } = proxy;
  await vi.waitFor(() => expect(proxy.accepted).toBeGreaterThan(accepted + 2), DEADLINE);
  expect(restored.count).toBe(0);
  proxy.speak();
  await vi.waitFor(() => expect(restored.count).toBe(1), DEADLINE);
  await untilHealthy(bus);
});

test('publishing stops at its bound while the server does not answer, and drops instead of queueing', async () => {
  const redis = await house.single();
  await using proxy = await TcpProxy.to(redis.port);
  await using world = worldOn(proxy.port);
  let dropped = 0;
  const bus = await world.join({
    probe: NO_PROBE,
    timings: { silence: 1_500 },
    bus: { dropped: (bytes) => (dropped += bytes) },
  });
  proxy.stall((await connectionsOf(redis.port, 'publisher')).map(({ port }) => port));
  const frame = Buffer.alloc(64 * 1024, 'x');
  let answered = 0;
  const count = 400;
  for (let n = 0; n < count; n++) bus.publish(`${world.prefix}nobody`, frame, () => answered++);
  expect(bus.publishing).toBe(false);
  expect(count * frame.length - dropped).toBe(16 * 1024 * 1024);
  await vi.waitFor(() => expect(answered).toBe(count), DEADLINE);
  await untilHealthy(bus);
  expect(bus.publishing).toBe(true);
  expect(await published(bus, `${world.prefix}nobody`, frame)).toBe(0);
});

test('a subscriber that is cut for being slow comes back, and hears nothing twice', async () => {
  const redis = await house.single({ args: ['--client-output-buffer-limit', 'pubsub 1mb 512kb 1'] });
  await using proxy = await TcpProxy.to(redis.port);
  await using world = worldOn(proxy.port);
  await using direct = worldOn(redis.port);
  const from = await direct.join();
  const to = await world.join({ probe: NO_PROBE });
  const channel = `${world.prefix}a`;
  const heard: number[] = [];
  await subscribed(to, channel, (message) => heard.push(message.readUInt32BE(0)));
  const restored = restorations(to);
  const slow = await connectionsOf(redis.port, 'subscriber');
  proxy.stall(slow.map(({ port }) => port));
  let n = 0;
  // What the kernels buffer comes on top of the limit.
  await vi.waitFor(async () => {
    const frame = Buffer.alloc(256 * 1024);
    for (let burst = 0; burst < 8; burst++) {
      frame.writeUInt32BE(n++);
      await published(from, channel, Buffer.from(frame));
    }
    const still = await connectionsOf(redis.port, 'subscriber');
    expect(still.filter(({ id }) => slow.some((one) => one.id === id)).length).toBeLessThan(slow.length);
  }, DEADLINE);
  proxy.read();
  await vi.waitFor(() => expect(restored.count).toBe(1), DEADLINE);
  const last = Buffer.alloc(4);
  last.writeUInt32BE(n);
  expect(await published(from, channel, last)).toBe(1);
  await vi.waitFor(() => expect(heard.at(-1)).toBe(n), DEADLINE);
  expect(heard).toEqual([...new Set(heard)].sort((a, b) => a - b));
});

test('a random series of kills never doubles or reorders a message', async () => {
  const seed = Number(process.env.TEST_SEED ?? randomInt(2 ** 31));
  process.stdout.write(`seed ${seed}\n`);
  const random = seeded(seed);
  const redis = await house.single();
  await using world = worldOn(redis.port);
  const [from, to] = [await world.join(), await world.join()];
  const channel = `${world.prefix}a`;
  const heard: number[] = [];
  await subscribed(to, channel, (message) => heard.push(message.readUInt32BE(0)));
  const restored = restorations(to);
  let sent = 0;
  let answered = 0;
  const sending = setInterval(() => {
    for (let burst = 0; burst < 20; burst++) {
      const message = Buffer.alloc(random() < 0.5 ? 64 : 8_192);
      message.writeUInt32BE(sent++);
      from.publish(channel, message, () => answered++);
    }
  }, 2);
  try {
    for (let kill = 0; kill < 15; kill++) {
      const before = { heard: heard.length, restored: restored.count };
      const role = random() < 0.5 ? 'subscriber' : 'publisher';
      await killConnections(redis.port, role);
      if (role === 'subscriber')
        await vi.waitFor(() => expect(restored.count).toBeGreaterThan(before.restored), DEADLINE);
      await vi.waitFor(() => expect(heard.length).toBeGreaterThan(before.heard), DEADLINE);
      await Promise.all([untilHealthy(from), untilHealthy(to)]);
    }
  } finally {
    clearInterval(sending);
  }
  await vi.waitFor(() => expect(answered).toBe(sent), DEADLINE);
  expect(heard.length).toBeGreaterThan(100);
  for (let at = 1; at < heard.length; at++) expect(heard[at]).toBeGreaterThan(heard[at - 1]!);
});

test('ten thousand subscriptions come back after a restart', async () => {
  const redis = await house.single();
  await using world = worldOn(redis.port);
  const bus = await world.join();
  const channels = Array.from({ length: 10_000 }, (_, n) => `${world.prefix}machine:{${n}}`);
  await Promise.all(channels.map((channel) => subscribed(bus, channel, () => {})));
  const restored = restorations(bus);
  await redis.stop();
  await house.single({ port: redis.port });
  await vi.waitFor(() => expect(restored.count).toBe(1), DEADLINE);
  // One more is the probe's.
  const counted = await withRedis(redis.port, (client) => client.pubsub('CHANNELS', `${world.prefix}*`));
  expect(counted).toHaveLength(channels.length + 1);
});
