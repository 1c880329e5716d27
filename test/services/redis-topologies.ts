// Redis as it is run in earnest: a master with a replica behind a sentinel, and a cluster. All of it local, on free ports.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { Warden } from '../../scripts/warden.ts';
import { findRedis } from './binaries.ts';
import { startRedis } from './redis.ts';
import { freePort, ServerProcess, temporaryDirectory, untilReady } from './server-process.ts';

export type RedisInstance = Awaited<ReturnType<typeof startRedis>>;

/** Starts Redis servers, and stops them all at the end of its scope. */
export class RedisHouse implements AsyncDisposable {
  private readonly warden = new Warden();
  private readonly stops: (() => Promise<unknown>)[] = [];

  async single(options: { port?: number; args?: readonly string[] } = {}): Promise<RedisInstance> {
    const args = ['--repl-diskless-sync-delay', '0', ...(options.args ?? [])];
    const instance = await startRedis(await binary(), this.warden, { ...options, args });
    this.stops.push(instance.stop);
    return instance;
  }

  /** One master, one replica, one sentinel that acts alone and fast. */
  async sentinel(): Promise<{ url: string; name: string; master: RedisInstance; replica: RedisInstance }> {
    const master = await this.single();
    const replica = await this.single({ args: ['--replicaof', '127.0.0.1', `${master.port}`] });
    const name = 'hermit';
    const { port, process } = await this.runSentinel(name, master.port, []);
    await untilReady('The sentinel', process, () =>
      withRedis(port, async (redis) => {
        const replicas = (await redis.call('SENTINEL', 'replicas', name)) as string[][];
        const healthy = replicas.some((one) => one.includes('slave') && one.includes('ok'));
        if (!healthy) throw new Error('The sentinel does not know the replica yet.');
      }),
    );
    return { url: `redis://127.0.0.1:${port}`, name, master, replica };
  }

  /** A master and its sentinel that speak TLS alone, each with a password of its own; certificates as made of `name`. */
  async secureSentinel(directory: string, name: string): Promise<{ url: string; name: string }> {
    const file = (suffix: string) => join(directory, `${name}${suffix}`);
    const tls = { 'tls-ca-cert-file': file('-ca.crt'), 'tls-cert-file': file('.crt'), 'tls-key-file': file('.key') };
    const settings = Object.entries({ ...tls, 'tls-auth-clients': 'no', 'tls-replication': 'yes' });
    const port = `${await freePort()}`;
    const master = await this.single({
      args: [...settings.flatMap(([key, value]) => [`--${key}`, value]), '--tls-port', port],
    });
    await withRedis(master.port, (redis) => redis.config('SET', 'requirepass', 'of the master'));
    const own = await freePort();
    const sentinel = await this.runSentinel(name, Number(port), [
      ...settings.map(([key, value]) => `${key} ${value}`),
      `tls-port ${own}`,
      'requirepass "of the sentinel"',
      `sentinel auth-pass ${name} "of the master"`,
    ]);
    const look = async (redis: Redis) => {
      const state = (await redis.call('SENTINEL', 'master', name)) as string[];
      if (state[state.indexOf('flags') + 1] !== 'master')
        throw new Error('The sentinel does not reach the master yet.');
    };
    await untilReady('The sentinel', sentinel.process, () => withRedis(sentinel.port, look, 'of the sentinel'));
    const [password, sentinelPassword] = ['of the master', 'of the sentinel'].map(encodeURIComponent);
    return { url: `rediss://:${password}@127.0.0.1:${own}?sentinelPassword=${sentinelPassword}`, name };
  }

  private async runSentinel(name: string, masterPort: number, lines: readonly string[]) {
    const directory = await temporaryDirectory('sentinel', this.warden);
    const port = await freePort();
    const configuration = join(directory.path, 'sentinel.conf');
    await writeFile(
      configuration,
      `bind 127.0.0.1
port ${port}
dir ${directory.path}
sentinel monitor ${name} 127.0.0.1 ${masterPort} 1
sentinel down-after-milliseconds ${name} 500
sentinel failover-timeout ${name} 3000
${lines.join('\n')}
`,
    );
    const process = new ServerProcess(await binary(), [configuration, '--sentinel'], this.warden, {
      cwd: directory.path,
    });
    this.stops.push(async () => {
      await process.stop('SIGKILL');
      await directory.remove();
    });
    return { port, process };
  }

  /** `masters` masters that share the slots, and a replica of the first if asked for. */
  async cluster(options: { masters?: number; replica?: boolean } = {}): Promise<RedisCluster> {
    const { masters = 3, replica = false } = options;
    const nodes = await Promise.all(Array.from({ length: masters + (replica ? 1 : 0) }, () => this.clusterNode()));
    const cluster = new RedisCluster(nodes);
    await cluster.form(masters);
    return cluster;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.stops.map((stop) => stop()));
    this.warden.leave();
  }

  private async clusterNode(): Promise<RedisInstance> {
    // The usual bus port, 10000 above, may be beyond the last port.
    const busPort = `${await freePort()}`;
    const cluster = ['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf', '--cluster-port', busPort];
    return this.single({ args: [...cluster, '--cluster-node-timeout', '1000', '--repl-ping-replica-period', '1'] });
  }
}

const SLOTS = 16_384;

export class RedisCluster {
  readonly nodes: readonly RedisInstance[];

  constructor(nodes: readonly RedisInstance[]) {
    this.nodes = nodes;
  }

  get urls(): string[] {
    return this.nodes.map(({ url }) => url);
  }

  async form(masters: number): Promise<void> {
    const [first] = this.nodes as [RedisInstance];
    const share = Math.ceil(SLOTS / masters);
    for (const [at, { port }] of this.nodes.entries()) {
      await withRedis(port, async (redis) => {
        await redis.call('CLUSTER', 'SET-CONFIG-EPOCH', `${at + 1}`);
        const last = Math.min(SLOTS, (at + 1) * share) - 1;
        if (at < masters) await redis.call('CLUSTER', 'ADDSLOTSRANGE', `${at * share}`, `${last}`);
        const bus = (await redis.config('GET', 'cluster-port')) as string[];
        await withRedis(first.port, (other) => other.call('CLUSTER', 'MEET', '127.0.0.1', `${port}`, bus[1] as string));
      });
    }
    await this.untilOk();
    for (const { port } of this.nodes.slice(masters)) {
      const master = await this.idOf(first);
      await withRedis(port, (redis) => redis.call('CLUSTER', 'REPLICATE', master));
      await this.until(port, 'INFO', 'master_link_status:up');
    }
  }

  /** Gives a slot to another master, as resharding does; what stands in it is lost, lest the giver refuse. */
  async moveSlot(slot: number, to: RedisInstance): Promise<void> {
    const from = await this.ownerOf(slot);
    const [source, target] = await Promise.all([this.idOf(from), this.idOf(to)]);
    const set = (at: RedisInstance, ...words: string[]) =>
      withRedis(at.port, (redis) => redis.call('CLUSTER', 'SETSLOT', `${slot}`, ...words));
    await set(to, 'IMPORTING', source);
    await set(from, 'MIGRATING', target);
    // From here on it takes no new ones: it refers to the other.
    await withRedis(from.port, async (redis) => {
      for (;;) {
        const keys = (await redis.call('CLUSTER', 'GETKEYSINSLOT', `${slot}`, '100')) as string[];
        if (keys.length === 0) return;
        await redis.del(...keys);
      }
    });
    await set(to, 'NODE', target);
    await set(from, 'NODE', target);
  }

  async ownerOf(slot: number): Promise<RedisInstance> {
    const living = this.nodes.find(({ process }) => !process.ended) as RedisInstance;
    const ranges = await withRedis(living.port, (redis) => redis.call('CLUSTER', 'SLOTS'));
    const range = (ranges as [number, number, [string, number]][]).find(([low, high]) => low <= slot && slot <= high);
    const owner = this.nodes.find(({ port }) => port === range?.[2][1]);
    if (!owner) throw new Error(`Nobody serves slot ${slot}.`);
    return owner;
  }

  async untilOk(): Promise<void> {
    for (const { port, process } of this.nodes) {
      if (process.ended) continue;
      await this.until(port, 'CLUSTER INFO', 'cluster_state:ok');
      await this.until(port, 'CLUSTER INFO', `cluster_known_nodes:${this.nodes.length}`);
    }
  }

  private async until(port: number, command: string, words: string): Promise<void> {
    const { process } = this.nodes.find((node) => node.port === port) as RedisInstance;
    const [name, ...rest] = command.split(' ') as [string];
    await untilReady('The cluster', process, () =>
      withRedis(port, async (redis) => {
        const text = String(await redis.call(name, ...rest));
        if (!text.includes(words)) throw new Error(`Not there yet: ${words}`);
      }),
    );
  }

  private idOf({ port }: RedisInstance): Promise<string> {
    return withRedis(port, async (redis) => String(await redis.call('CLUSTER', 'MYID')));
  }
}

/** One connection for one errand; it does not try twice. */
export const withRedis = async <T>(port: number, use: (redis: Redis) => Promise<T>, password?: string): Promise<T> => {
  const own = password === undefined ? {} : { password };
  const redis = new Redis({ port, host: '127.0.0.1', lazyConnect: true, retryStrategy: () => null, ...own });
  redis.on('error', () => {});
  try {
    await redis.connect();
    return await use(redis);
  } finally {
    redis.disconnect();
  }
};

const binary = async (): Promise<string> => {
  const found = await findRedis();
  if (!found) throw new Error('These tests start their own Redis servers: install redis-server, version 7 or newer.');
  return found;
};
