// Every counter of hits is held to one contract; without Redis each pod counts for itself.
import { randomBytes } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { TcpProxy } from '../../../../test/services/tcp-proxy.ts';
import { RedisConnections } from '../redis/redis-connection.ts';
import { holdsCounters } from './hit-counter.contract.ts';
import { MemoryHitCounter } from './hit-counter-memory.ts';
import { RedisHitCounter } from './hit-counter-redis.ts';

const server = () => process.env.TEST_REDIS_URL as string;

async function redisCounter(url: string, prefix: string): Promise<RedisHitCounter> {
  const connections = new RedisConnections({ mode: 'single', urls: [url], prefix }, { podId: 'test' });
  onTestFinished(() => connections.close());
  const counter = new RedisHitCounter(connections, new MemoryHitCounter());
  await new Promise<void>((ready) => connections.commands.once('ready', ready));
  return counter;
}

describe('hits in memory', () =>
  holdsCounters(async () => {
    const counter = new MemoryHitCounter();
    return [counter, counter];
  }));

describe('hits in Redis', () => {
  holdsCounters(async () => {
    const prefix = `test-${randomBytes(6).toString('hex')}:`;
    return [await redisCounter(server(), prefix), await redisCounter(server(), prefix)];
  });

  it('are counted by each pod alone while Redis is away or silent', async () => {
    const { port } = new URL(server());
    await using proxy = await TcpProxy.to(Number(port || 6379));
    const counter = await redisCounter(`redis://127.0.0.1:${proxy.port}`, `test-${randomBytes(6).toString('hex')}:`);
    expect(await counter.hit('a', 60_000)).toMatchObject({ count: 1 });
    proxy.silence();
    const start = performance.now();
    expect(await counter.hit('a', 60_000)).toMatchObject({ count: 1 });
    expect(performance.now() - start).toBeLessThan(2_000);
    proxy.cut();
    expect(await counter.hit('a', 60_000)).toMatchObject({ count: 2 });
    expect(await counter.read('a')).toMatchObject({ count: 2 });
  });
});

it('a counter in memory keeps a bounded number of windows, the latest ones', async () => {
  let now = 0;
  const counter = new MemoryHitCounter({ monotonic: () => now, most: 10 });
  for (let i = 0; i < 100; i++) await counter.hit(`key-${i}`, 1_000);
  expect(await counter.read('key-0')).toEqual({ count: 0, endsIn: 0 });
  expect(await counter.read('key-99')).toMatchObject({ count: 1 });
  now = 1_000;
  expect(await counter.read('key-99')).toEqual({ count: 0, endsIn: 0 });
});
