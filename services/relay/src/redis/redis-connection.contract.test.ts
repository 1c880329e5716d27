// What a pod knows of the trouble that its connections to Redis have.
import { afterAll, expect, test, vi } from 'vitest';
import { RedisHouse, withRedis } from '../../../../test/services/redis-topologies.ts';
import { RedisConnections } from './redis-connection.ts';

const DEADLINE = { timeout: 15_000, interval: 5 };

const house = new RedisHouse();
afterAll(() => house[Symbol.asyncDispose]());

function connect(url: string): Disposable & { connections: RedisConnections } {
  const settings = { mode: 'single' as const, urls: [url], prefix: 'test:' };
  const connections = new RedisConnections(settings, { podId: 'pod' });
  return { connections, [Symbol.dispose]: () => connections.close() };
}

test('why it cannot connect is known, until it can', async () => {
  const redis = await house.single();
  await redis.stop();
  using nobody = connect(`redis://127.0.0.1:${redis.port}`);
  await vi.waitFor(() => expect(nobody.connections.trouble?.code).toBe('ECONNREFUSED'), DEADLINE);
  await house.single({ port: redis.port });
  await vi.waitFor(() => expect(nobody.connections.trouble).toBe(null), DEADLINE);

  using misspelt = connect('redis://redis.invalid:6379');
  await vi.waitFor(() => expect(['ENOTFOUND', 'EAI_AGAIN']).toContain(misspelt.connections.trouble?.code), DEADLINE);
});

test('a wrong password is called so', async () => {
  const redis = await house.single();
  await withRedis(redis.port, (client) => client.config('SET', 'requirepass', 'right'));
  using wrong = connect(`redis://:wrong@127.0.0.1:${redis.port}`);
  await vi.waitFor(() => expect(wrong.connections.trouble?.code).toBe('WRONGPASS'), DEADLINE);
  using none = connect(`redis://127.0.0.1:${redis.port}`);
  await vi.waitFor(() => expect(none.connections.trouble?.code).toBe('NOAUTH'), DEADLINE);
});
