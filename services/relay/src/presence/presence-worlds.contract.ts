// Presence in Redis for the contract suites: short leases, each world with its own prefix.
import { setTimeout as pass } from 'node:timers/promises';
import { type Clock, systemClock } from '@hermit/transport';
import { vi } from 'vitest';
import { type PodOptions, RedisWorld } from '../bus/redis-worlds.contract.ts';
import type { RedisSettings } from '../redis/redis-connection.ts';
import type { PresenceWorld } from './presence.contract.ts';
import { type PresenceTimings, RedisPresence } from './presence-redis.ts';

/** Half a second is long beside what a busy machine takes for a command, and short beside a test. */
const LEASES = { machine: 500, pod: 500 };

type RedisPresenceWorld = Omit<PresenceWorld, 'join'> & {
  redis: RedisWorld;
  join(options?: PodOptions & { presence?: Partial<PresenceTimings> }): Promise<RedisPresence>;
};

export async function redisPresenceWorld(
  settings: Omit<RedisSettings, 'prefix'>,
  leases = LEASES,
): Promise<RedisPresenceWorld> {
  const redis = new RedisWorld(settings);
  const timings = { machineLease: leases.machine, podLease: leases.pod };
  return {
    redis,
    leases,
    async join(options = {}) {
      const presence = new RedisPresence(redis.connect(options), { timings: { ...timings, ...options.presence } });
      await untilAvailable(presence);
      return presence;
    },
    pass: (ms) => pass(ms),
    [Symbol.asyncDispose]: () => redis[Symbol.asyncDispose](),
  };
}

export const untilAvailable = (presence: RedisPresence): Promise<void> =>
  vi.waitFor(
    () => {
      if (!presence.available) throw new Error('Redis cannot be reached yet.');
    },
    { timeout: 15_000, interval: 5 },
  );

/** A clock that stands until time passes by order. */
export function manualClock(): { clock: Clock; pass(ms: number): Promise<void> } {
  let elapsed = 0;
  const clock = { ...systemClock, now: () => 1_750_000_000_000 + elapsed, monotonic: () => elapsed };
  return {
    clock,
    async pass(ms) {
      elapsed += ms;
    },
  };
}
