// Hits in Redis, one key a window; while Redis is away each pod counts for itself.
import type { Cluster, Redis } from 'ioredis';
import type { RedisConnections } from '../redis/redis-connection.ts';
import { redisNames } from '../redis/redis-names.ts';
import type { HitCounter, Hits } from './hit-counter.ts';

/** Milliseconds that Redis has to answer: somebody waits to log in. */
const DEADLINE = 500;

/** A window has an end from its first hit on, also when what came after it was lost. */
const HIT = `
local count = redis.call('INCR', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  left = tonumber(ARGV[1])
end
return {count, left}
`;

type Counting = (Redis | Cluster) & { limitHit(key: string, window: number): Promise<[count: number, left: number]> };

export class RedisHitCounter implements HitCounter {
  private readonly commands: Counting;
  private readonly key: (name: string) => string;
  private readonly alone: HitCounter;

  /** `alone`: counts for this pod, while Redis is away. */
  constructor(connections: RedisConnections, alone: HitCounter) {
    connections.commands.defineCommand('limitHit', { lua: HIT, numberOfKeys: 1 });
    this.commands = connections.commands as Counting;
    this.key = redisNames(connections.prefix).limit;
    this.alone = alone;
  }

  hit(key: string, window: number): Promise<Hits> {
    return this.ask(
      async () => {
        const [count, endsIn] = await this.commands.limitHit(this.key(key), window);
        return { count, endsIn };
      },
      () => this.alone.hit(key, window),
    );
  }

  read(key: string): Promise<Hits> {
    return this.ask(
      async () => {
        const name = this.key(key);
        const [count, left] = await Promise.all([this.commands.get(name), this.commands.pttl(name)]);
        return left <= 0 ? { count: 0, endsIn: 0 } : { count: Number(count), endsIn: left };
      },
      () => this.alone.read(key),
    );
  }

  /** Also what this pod has counted alone. */
  async forget(key: string): Promise<void> {
    await this.alone.forget(key);
    await this.ask(
      async () => {
        await this.commands.del(this.key(key));
      },
      async () => {},
    );
  }

  private async ask<T>(common: () => Promise<T>, alone: () => Promise<T>): Promise<T> {
    if (this.commands.status !== 'ready') return alone();
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error('Redis did not answer in time')), DEADLINE);
    try {
      return await Promise.race([common(), late]);
    } catch {
      return alone();
    } finally {
      clearTimeout(timer);
    }
  }
}
