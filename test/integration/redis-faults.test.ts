// What Redis does to those who rely on it: it restarts and has forgotten everything, drops connections, carries nothing on
// one that stands, cuts a subscriber that does not read. A viewer on the agent's pod notices none of it.
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectionsOf } from '../../services/relay/src/bus/redis-worlds.contract.ts';
import { redisNames } from '../../services/relay/src/redis/redis-names.ts';
import { RedisHouse, type RedisInstance } from '../services/redis-topologies.ts';
import { TcpProxy } from '../services/tcp-proxy.ts';
import { type Cluster, startCluster } from './kit/cluster.ts';
import { bound, report } from './kit/measured.ts';
import { DEADLINE, Scene, SHORT_PROBES, unmoved } from './kit/scene.ts';
import { until } from './kit/wait.ts';

/** Longest pause on the agent's own pod: none, but the machine is busy with other tests; milliseconds. */
const MOST_PAUSE = bound(500, 1_500);
/** Presence is rebuilt within a second of Redis' return, plus its reconnect; milliseconds. */
const REBUILT = 6_000;

describe('a viewer on the same pod and one on another', () => {
  const house = new RedisHouse();
  let redis: RedisInstance;
  let proxy: TcpProxy;
  let cluster: Cluster;

  beforeAll(async () => {
    redis = await house.single();
    proxy = await TcpProxy.to(redis.port);
    const bus = `redis://127.0.0.1:${proxy.port}`;
    cluster = await startCluster({ pods: 2, bus, env: { NODE_OPTIONS: SHORT_PROBES } });
  });
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
    await proxy?.[Symbol.asyncDispose]();
    await house[Symbol.asyncDispose]();
  });

  async function call(...words: [string, ...string[]]): Promise<unknown> {
    const admin = new Redis(redis.url);
    try {
      return await admin.call(...words);
    } finally {
      admin.disconnect();
    }
  }

  /** The agent's own pod has not even paused, and nobody there had to begin anew. */
  function unpaused(s: Scene): void {
    report('longest pause of the output, same pod', [s.same.viewer.longestGap], 'ms');
    expect(s.same.viewer.longestGap).toBeLessThan(MOST_PAUSE);
    unmoved(s.same);
  }

  const subscribers = async () => (await connectionsOf(redis.port, 'subscriber')).map(({ port }) => port);

  test('Redis restarts and has forgotten everything', async () => {
    const s = await Scene.start(cluster, 'redis-restarts', { lines: 12_000 });
    s.mark();
    await redis.process.stop('SIGKILL');
    s.say('while Redis is away ');
    await s.goesOn(50_000, [s.same]);
    redis = await house.single({ port: redis.port });
    const back = performance.now();
    await until('presence is rebuilt', () => cluster.isOnline(s.machine.id), REBUILT, 20);
    report('machine online after the return of Redis', [performance.now() - back], 'ms');
    const { pods, machineSessions } = redisNames(cluster.prefix);
    const listed = async () => (await call('HLEN', machineSessions(s.machine.id))) === 2;
    await until('what runs there is listed', listed, REBUILT, 20);
    await until('both pods are listed', async () => (await call('ZCARD', pods)) === 2, REBUILT, 20);
    await s.goesOn();
    unpaused(s);
    await s.finish();
  });

  test('Redis drops subscribers and publishers', async () => {
    const s = await Scene.start(cluster, 'redis-drops');
    s.mark();
    for (let i = 0; i < 3; i++) {
      await call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      s.say(`kill ${i} `);
      await call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await s.goesOn();
    }
    unpaused(s);
    await s.finish();
  });

  test('subscriptions stand and carry nothing: the probe finds them', async () => {
    const s = await Scene.start(cluster, 'redis-silent', { lines: 20_000 });
    s.mark();
    const silent = await subscribers();
    expect(silent).toHaveLength(2);
    proxy.silenceOpen(silent);
    s.say('into the silence ');
    await s.goesOn(50_000, [s.same]);
    const remade = async () => (await subscribers()).filter((port) => !silent.includes(port)).length === 2;
    await until('they are made anew', remade, DEADLINE, 50);
    await s.goesOn();
    unpaused(s);
    await s.finish();
  });

  test('a subscriber that does not read is cut by its output buffer limit', async () => {
    const s = await Scene.start(cluster, 'redis-slow', { lines: 12_000 });
    await call('CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 65536 0 0');
    s.mark();
    proxy.stall(await subscribers());
    s.say('while nobody reads ');
    // What the kernel buffers has to be filled first: output that a window would never let so far.
    const channel = redisNames(cluster.prefix).podChannel('pod-1');
    const filler = 'x'.repeat(512 * 1024);
    const cut = async () => {
      await call('PUBLISH', channel, filler);
      return redis.process.output().includes('overcoming of output buffer limits');
    };
    await until('it is cut', cut, DEADLINE, 1);
    proxy.read();
    await s.goesOn();
    unpaused(s);
    await s.finish();
  });
});
