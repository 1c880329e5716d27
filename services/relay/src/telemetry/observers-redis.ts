// What happens to Redis, as metrics and log events.
import type { BusObserver } from '../bus/bus-redis.ts';
import type { PresenceObserver } from '../presence/presence-redis.ts';
import type { RedisObserver } from '../redis/redis-connection.ts';
import type { Log } from './events.ts';
import type { Metrics } from './metrics.ts';

export function connectionObserver(metrics: Metrics, log: Log): RedisObserver {
  return {
    ready: (role) => log('redis_ready', { role }),
    lost(role) {
      metrics.redisDisconnects.inc({ role });
      log('redis_lost', { role });
    },
    error(role, error) {
      metrics.redisErrors.inc({ role });
      log('redis_error', { role, reason: error.message });
    },
  };
}

export function busObserver(metrics: Metrics, log: Log): BusObserver {
  return {
    failed: () => metrics.redisErrors.inc({ role: 'publisher' }),
    probed: (roundTrip) => metrics.redisProbe.observe(roundTrip / 1000),
    probeMissed() {
      metrics.redisProbesMissed.inc();
      log('bus_probe_missed');
    },
    rebuilt() {
      metrics.redisRebuilds.inc();
      log('bus_rebuilt');
    },
    restored() {
      metrics.redisRestorations.inc();
      log('bus_restored');
    },
    refused(channel, error) {
      metrics.redisErrors.inc({ role: 'subscriber' });
      log('bus_refused', { channel, reason: error.message });
    },
  };
}

export function presenceObserver(metrics: Metrics, log: Log): PresenceObserver {
  return {
    answered: (elapsed) => metrics.redisCommand.observe(elapsed / 1000),
    failed(error) {
      metrics.redisErrors.inc({ role: 'commands' });
      log('presence_failed', { reason: error.message });
    },
  };
}
