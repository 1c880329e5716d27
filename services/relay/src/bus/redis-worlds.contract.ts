// The ways Redis is run, for the contract suites of bus and presence: each world has its own prefix and its own pods.
import { randomBytes } from 'node:crypto';
import { vi } from 'vitest';
import { withRedis } from '../../../../test/services/redis-topologies.ts';
import {
  RedisConnections,
  type RedisObserver,
  type RedisRole,
  type RedisSettings,
  type RedisTimings,
} from '../redis/redis-connection.ts';
import { type BusObserver, RedisBus } from './bus-redis.ts';
import type { ProbeTimings } from './subscription-probe.ts';

/** Probes that find within a second what they find within half a minute in earnest. */
export const FAST_PROBE: ProbeTimings = { every: 150, timeout: 150 };
/** For vitest's `waitFor`. */
const DEADLINE = { timeout: 15_000, interval: 5 };
const FAST: Partial<RedisTimings> = { reconnectMin: 20, reconnectMax: 200, clusterRefresh: 1_000, connect: 1_000 };

export type PodOptions = {
  settings?: Partial<RedisSettings>;
  timings?: Partial<RedisTimings>;
  observer?: RedisObserver;
};

/** Opens connections, and closes them at the end of its scope. */
export class RedisWorld implements AsyncDisposable {
  readonly prefix = `test-${randomBytes(6).toString('hex')}:`;
  private readonly settings: Omit<RedisSettings, 'prefix'>;
  private readonly closers: (() => unknown)[] = [];
  private pods = 0;

  constructor(settings: Omit<RedisSettings, 'prefix'>) {
    this.settings = settings;
  }

  connect({ settings, timings, observer }: PodOptions = {}): RedisConnections {
    const podId = `pod-${++this.pods}`;
    const connections = new RedisConnections(
      { ...this.settings, prefix: this.prefix, ...settings },
      { podId, timings: { ...FAST, ...timings }, observer: { error: () => {}, ...observer } },
    );
    this.closers.push(() => connections.close());
    return connections;
  }

  bus(options: PodOptions & { probe?: Partial<ProbeTimings>; bus?: BusObserver } = {}): RedisBus {
    const connections = this.connect(options);
    const bus = new RedisBus(connections, { probe: options.probe ?? {}, observer: options.bus ?? {} });
    this.closers.push(() => bus.close());
    return bus;
  }

  /** A pod that works. */
  async join(options: Parameters<RedisWorld['bus']>[0] = {}): Promise<RedisBus> {
    const bus = this.bus(options);
    await untilHealthy(bus);
    return bus;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.closers.reverse()) await close();
  }
}

export const untilHealthy = (bus: RedisBus): Promise<void> =>
  vi.waitFor(() => {
    if (!bus.healthy) throw new Error('The bus does not work yet.');
  }, DEADLINE);

/** The server that the test run was given. */
export const givenRedis = (): RedisSettings['urls'] => {
  const url = process.env.TEST_REDIS_URL;
  if (!url) throw new Error('TEST_REDIS_URL names no Redis: start these tests with "npm test" or through vitest.');
  return [url];
};

/** The connections of our pods as the server sees them, with the role that their name ends with. */
export async function connectionsOf(port: number, role: RedisRole): Promise<{ id: string; port: number }[]> {
  const list = await withRedis(port, async (redis) => String(await redis.client('LIST')));
  return list.split('\n').flatMap((line) => {
    const [, id, address, name] = /^id=(\d+) addr=(\S+) .*\bname=(\S*)/.exec(line) ?? [];
    if (!id || !address || !name?.endsWith(`:${role}`)) return [];
    return [{ id, port: Number(address.slice(address.lastIndexOf(':') + 1)) }];
  });
}

/** Those that were killed before may still be on their way back. */
export async function killConnections(port: number, role: RedisRole): Promise<void> {
  const found = await vi.waitFor(async () => {
    const some = await connectionsOf(port, role);
    if (some.length === 0) throw new Error(`There is no ${role} to kill.`);
    return some;
  }, DEADLINE);
  await withRedis(port, async (redis) => {
    for (const { id } of found) await redis.client('KILL', 'ID', id);
  });
}
