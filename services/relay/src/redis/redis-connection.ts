// How a pod reaches Redis: one server, one behind Sentinels, or a Cluster. Commands, publishing and subscribing each
// have connections of their own.
import { LIMITS } from '@hermit/protocol';
import { Backoff, type Random } from '@hermit/transport';
import { Cluster, type ClusterNode, Redis, type RedisOptions, SentinelConnector } from 'ioredis';

type RedisMode = 'single' | 'sentinel' | 'cluster';

export type RedisSettings = {
  mode: RedisMode;
  /** `redis:` or `rediss:` URLs: the server, the sentinels, or some nodes of the cluster. Credentials, database and
   * TLS of the first count for all. The query may name `sentinelUsername` and `sentinelPassword`. */
  urls: readonly string[];
  /** The master that the sentinels watch. */
  sentinelName?: string | undefined;
  /** What every key and channel begins with. */
  prefix: string;
  /** Certificate authority (PEM) of a `rediss:` server; the system's if there is none. */
  ca?: string | undefined;
};

export type RedisRole = 'commands' | 'publisher' | 'subscriber';

type Connector = NonNullable<RedisOptions['Connector']>;

/** What happens to the connections, for logs and metrics. */
export type RedisObserver = {
  ready?: (role: RedisRole) => void;
  lost?: (role: RedisRole) => void;
  /** The connection dials again by itself. */
  error?: (role: RedisRole | 'sentinel', error: Error) => void;
};

/** Milliseconds. */
export type RedisTimings = {
  connect: number;
  /** A connection that owes an answer and says nothing for this long is dropped. */
  silence: number;
  reconnectMin: number;
  reconnectMax: number;
  /** How often the map of a cluster is read again without a reason. */
  clusterRefresh: number;
};

const TIMINGS: RedisTimings = {
  connect: 5_000,
  silence: 10_000,
  reconnectMin: LIMITS.reconnectMin,
  // Redis has few clients of ours and many wait for it: shorter than for agents.
  reconnectMax: 2_000,
  clusterRefresh: 5_000,
};

type RedisConnectionOptions = {
  /** Names the connections in CLIENT LIST. */
  podId: string;
  random?: Random;
  observer?: RedisObserver;
  timings?: Partial<RedisTimings>;
};

/** The address of one node of a cluster, `host:port`. */
export type NodeKey = string;

export class RedisConnections {
  readonly prefix: string;
  readonly podId: string;
  readonly random: Random;
  readonly mode: RedisMode;
  /** For commands; commands issued before it is ready fail at once. */
  readonly commands: Redis | Cluster;
  /** Why a connection could not be made, the last time, if none has been since. */
  trouble: (Error & { readonly code: string }) | null = null;
  private readonly settings: RedisSettings;
  private readonly observer: RedisObserver;
  private readonly timings: RedisTimings;

  constructor(settings: RedisSettings, options: RedisConnectionOptions) {
    this.settings = settings;
    this.mode = settings.mode;
    this.prefix = settings.prefix;
    this.podId = options.podId;
    this.random = options.random ?? Math.random;
    this.observer = options.observer ?? {};
    this.timings = { ...TIMINGS, ...options.timings };
    this.commands = settings.mode === 'cluster' ? this.cluster() : this.connect('commands', THROUGHPUT);
    this.watch('commands', this.commands);
  }

  /** A connection that owes an answer and says nothing for this long is dropped; milliseconds. */
  get silence(): number {
    return this.timings.silence;
  }

  publisher(node?: NodeKey): Redis {
    return this.watch('publisher', this.connect('publisher', {}, node));
  }

  subscriber(node?: NodeKey): Redis {
    return this.watch('subscriber', this.connect('subscriber', {}, node));
  }

  close(): void {
    hangUp(this.commands);
  }

  private connect(role: RedisRole, extra: RedisOptions, node?: NodeKey): Redis {
    return new Redis({ ...this.options(role), ...this.target(node), ...extra });
  }

  private watch<T extends Redis | Cluster>(role: RedisRole, redis: T): T {
    redis.on('ready', () => {
      this.trouble = null;
      this.observer.ready?.(role);
    });
    redis.on('close', () => this.observer.lost?.(role));
    redis.on('error', (error: Error & { code?: string }) => {
      // Redis' own errors begin with their code.
      const code = error.code ?? /^[A-Z]+(?= )/.exec(error.message)?.[0];
      if (code !== undefined) this.trouble = Object.assign(new Error(error.message), { code });
      this.observer.error?.(role, error);
    });
    redis.on('node error', (error: Error) => this.observer.error?.(role, error));
    this.redial(redis);
    return redis;
  }

  /**
   * A failover that is announced while the master is being looked up ends a client of ioredis for good, as if it had been
   * told to go (its detector ends the look-up, and a look-up that fails so is not tried again). Nobody told it: it dials.
   */
  private redial(redis: Redis | Cluster): void {
    const backoff = new Backoff(this.random, this.timings.reconnectMin, this.timings.reconnectMax);
    redis.on('ready', () => backoff.reset());
    redis.on('end', () => {
      if (hungUp.has(redis)) return;
      const dial = () => {
        // What goes wrong is told as an error, and ends in `end` or in the client's own next attempt.
        if (!hungUp.has(redis) && redis.status === 'end') redis.connect().catch(() => {});
      };
      setTimeout(dial, backoff.next()).unref();
    });
  }

  /** What all connections share. Nothing is queued while the connection is down, and nothing is sent twice. */
  private options(role: RedisRole): RedisOptions {
    const { url, tls } = this.first();
    const backoff = this.backoff();
    return {
      ...(url.username && { username: decodeURIComponent(url.username) }),
      ...(url.password && { password: decodeURIComponent(url.password) }),
      ...(tls && { tls }),
      // CLIENT SETINFO is of Redis 7.2, and would want an access rule of its own.
      disableClientInfo: true,
      connectionName: `hermit:${this.podId}:${role}`,
      connectTimeout: this.timings.connect,
      disconnectTimeout: 200,
      socketTimeout: this.timings.silence,
      keepAlive: 10_000,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      // Subscriptions are kept, and brought back, by RedisSubscriber.
      autoResubscribe: false,
      // Answers what was sent the moment the connection is lost. Connecting is retried for ever.
      maxRetriesPerRequest: 0,
      retryStrategy: backoff,
    };
  }

  private target(node?: NodeKey): RedisOptions {
    const { settings } = this;
    const { url, tls } = this.first();
    if (node !== undefined) return { ...address(node) };
    const db = Number(url.pathname.slice(1) || 0);
    if (settings.mode !== 'sentinel') return { host: hostOf(url), port: portOf(url, 6379), db };
    const username = url.searchParams.get('sentinelUsername');
    const password = url.searchParams.get('sentinelPassword');
    return {
      db,
      sentinels: settings.urls.map((each) => ({ host: hostOf(new URL(each)), port: portOf(new URL(each), 26_379) })),
      name: settings.sentinelName ?? 'mymaster',
      ...(username && { sentinelUsername: username }),
      ...(password && { sentinelPassword: password }),
      ...(tls && { sentinelTLS: tls, enableTLSForSentinelMode: true }),
      Connector: sentinelsHeardBy((error) => this.observer.error?.('sentinel', error)),
      failoverDetector: true,
      sentinelCommandTimeout: this.timings.connect,
      sentinelRetryStrategy: this.backoff(),
      sentinelReconnectStrategy: this.backoff(),
    };
  }

  private cluster(): Cluster {
    const nodes: ClusterNode[] = this.settings.urls.map((each) => {
      const url = new URL(each);
      return { host: hostOf(url), port: portOf(url, 6379) };
    });
    const { clusterRefresh } = this.timings;
    return new Cluster(nodes, {
      ...THROUGHPUT,
      redisOptions: this.options('commands'),
      enableOfflineQueue: false,
      clusterRetryStrategy: this.backoff(),
      // Pods refresh at different times.
      slotsRefreshInterval: clusterRefresh * (0.75 + this.random() / 2),
      slotsRefreshTimeout: this.timings.connect,
      // A name stays a name, so that certificates can be checked; the system resolves it on every connect.
      dnsLookup: (host, found) => found(null, host),
    });
  }

  private backoff(): (attempt: number) => number {
    const backoff = new Backoff(this.random, this.timings.reconnectMin, this.timings.reconnectMax);
    return (attempt) => {
      if (attempt <= 1) backoff.reset();
      return backoff.next();
    };
  }

  private first(): { url: URL; tls: { ca?: string } | undefined } {
    const url = new URL(this.settings.urls[0] as string);
    const tls = url.protocol === 'rediss:' ? { ...(this.settings.ca && { ca: this.settings.ca }) } : undefined;
    return { url, tls };
  }
}

const hungUp = new WeakSet<Redis | Cluster>();

/** Ends a connection for good: it does not dial again. */
export function hangUp(redis: Redis | Cluster): void {
  hungUp.add(redis);
  redis.disconnect();
}

/** Commands of one turn of the event loop leave in one write. Publishing has a better way of its own. */
const THROUGHPUT = { enableAutoPipelining: true } as const;

const hostOf = (url: URL) => url.hostname.replace(/^\[(.*)\]$/, '$1');
const portOf = (url: URL, usual: number) => Number(url.port || usual);

function address(node: NodeKey): { host: string; port: number } {
  const colon = node.lastIndexOf(':');
  return { host: node.slice(0, colon), port: Number(node.slice(colon + 1)) };
}

/** ioredis prints errors of the sentinels that it watches to the console (its issue 1600), as nobody listens to them. */
function sentinelsHeardBy(listener: (error: Error) => void): Connector {
  return class extends SentinelConnector {
    constructor(options: unknown) {
      super(options as ConstructorParameters<typeof SentinelConnector>[0]);
      const inner = this as unknown as { connectToSentinel(...args: unknown[]): Redis };
      const connect = inner.connectToSentinel;
      inner.connectToSentinel = (...args) => connect.apply(this, args).on('error', listener);
    }
  };
}
