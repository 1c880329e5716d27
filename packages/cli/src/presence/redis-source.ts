// The connection of `hermit presence`: one server, one behind Sentinels, or a Cluster. It only reads.
import type { Cluster, Redis, RedisOptions } from 'ioredis';
import { EXIT, Failure } from '../failure.ts';

export const REDIS_MODES = ['single', 'sentinel', 'cluster'] as const;
export type RedisMode = (typeof REDIS_MODES)[number];

type RedisSource = {
  readonly redis: Redis | Cluster;
  /** Where, without the password. */
  readonly label: string;
  readonly close: () => void;
};

/** Milliseconds. */
const CONNECT = 5_000;
const ANSWER = 5_000;
const RETRY_MOST = 2_000;

type RedisSourceOptions = {
  /** The query of the first may name `sentinelUsername` and `sentinelPassword`, as in the relay's REDIS_URL. */
  url: string;
  mode: RedisMode;
  sentinelName: string;
  /** Certificate authority (PEM) of a `rediss:` server; the system's if there is none. */
  ca?: string | undefined;
};

/** Resolves once it is connected; from then on it reconnects by itself. Throws a Failure with the reason. */
export async function openRedis(options: RedisSourceOptions): Promise<RedisSource> {
  const urls = options.url.split(',').map((each) => addressOf(each.trim()));
  const label = urls.map(({ host }) => host).join(', ');
  // Loaded here, so that no other command waits for it.
  const { Cluster, Redis } = await import('ioredis');
  const redis =
    options.mode === 'cluster' ? new Cluster(...clusterOf(urls, options)) : new Redis(serverOf(urls, options));
  // Later ones show in what fails because of them.
  redis.on('error', () => {});
  try {
    await ready(redis);
  } catch (error) {
    redis.disconnect();
    throw new Failure(EXIT.unreachable, `Redis at ${label} cannot be reached: ${(error as Error).message}.`);
  }
  return { redis, label, close: () => redis.disconnect() };
}

function addressOf(text: string): URL {
  if (!/^rediss?:\/\/[^/\s]/.test(text) || !URL.canParse(text)) {
    throw new Failure(EXIT.usage, 'The address of Redis begins with redis:// or rediss://, such as redis://host:6379.');
  }
  return new URL(text);
}

const COMMON: RedisOptions = {
  enableAutoPipelining: true,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  connectTimeout: CONNECT,
  commandTimeout: ANSWER,
  connectionName: 'hermit-presence',
  disableClientInfo: true,
  // Full jitter: many may watch the same server.
  retryStrategy: (attempt) => Math.random() * Math.min(RETRY_MOST, 100 * 2 ** Math.min(attempt, 10)),
};

const host = (url: URL) => url.hostname.replace(/^\[(.*)\]$/, '$1');

function credentials(url: URL, { ca }: RedisSourceOptions): RedisOptions {
  return {
    ...(url.username && { username: decodeURIComponent(url.username) }),
    ...(url.password && { password: decodeURIComponent(url.password) }),
    ...(url.protocol === 'rediss:' && { tls: ca === undefined ? {} : { ca } }),
  };
}

function serverOf(urls: readonly URL[], options: RedisSourceOptions): RedisOptions {
  const [first] = urls as [URL];
  const common = { ...COMMON, ...credentials(first, options), db: Number(first.pathname.slice(1) || 0) };
  if (options.mode === 'single') return { ...common, host: host(first), port: Number(first.port || 6379) };
  const username = first.searchParams.get('sentinelUsername');
  const password = first.searchParams.get('sentinelPassword');
  return {
    ...common,
    sentinels: urls.map((url) => ({ host: host(url), port: Number(url.port || 26_379) })),
    name: options.sentinelName,
    ...(username && { sentinelUsername: username }),
    ...(password && { sentinelPassword: password }),
    ...(common.tls && { sentinelTLS: common.tls, enableTLSForSentinelMode: true }),
  };
}

function clusterOf(urls: readonly URL[], options: RedisSourceOptions): ConstructorParameters<typeof Cluster> {
  const [first] = urls as [URL];
  const nodes = urls.map((url) => ({ host: host(url), port: Number(url.port || 6379) }));
  return [
    nodes,
    {
      enableAutoPipelining: true,
      enableOfflineQueue: false,
      redisOptions: { ...COMMON, ...credentials(first, options) },
      dnsLookup: (name, found) => found(null, name),
    },
  ];
}

/** Rejects at the first error: who has just typed an address wants to hear of it. */
function ready(redis: Redis | Cluster): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no answer')), CONNECT);
    redis.once('ready', resolve);
    redis.once('error', reject);
    redis.once('ready', () => clearTimeout(timer));
    redis.once('error', () => clearTimeout(timer));
  });
}
