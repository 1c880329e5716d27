// The Redis of one contestant: a server of its own, or a shared one named by BENCH_REDIS_URL.
import { spawnSync } from 'node:child_process';
import { Redis } from 'ioredis';
import { freePort } from '../../../test/services/server-process.ts';
import type { Processes } from './processes.ts';
import { type Part, redisPart, sharedRedisPart } from './usage.ts';

const START_MS = 10_000;

export interface RedisServer {
  url: string;
  part: Part;
  close(): Promise<void>;
}

/** The version of the server that will be used, or an error that says what is missing. */
export async function redisVersion(): Promise<string> {
  const shared = process.env.BENCH_REDIS_URL;
  if (shared) {
    const redis = await connected(shared);
    try {
      return /redis_version:(\S+)/.exec(await redis.info('server'))?.[1] ?? 'unknown';
    } finally {
      redis.disconnect();
    }
  }
  const version = spawnSync('redis-server', ['--version'], { encoding: 'utf8' });
  if (version.status !== 0) {
    throw new Error('redis-server is not on PATH. Install Redis 7, or name a running one in BENCH_REDIS_URL.');
  }
  return /v=(\S+)/.exec(version.stdout)?.[1] ?? 'unknown';
}

export async function startRedis(processes: Processes, directory: string): Promise<RedisServer> {
  const shared = process.env.BENCH_REDIS_URL;
  if (shared) {
    const redis = await connected(shared);
    return { url: shared, part: sharedRedisPart(redis), close: async () => redis.disconnect() };
  }
  const port = await freePort();
  // Everything else is the server's default, its output buffer limits for pub/sub above all.
  const options = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    '--dir',
    directory,
  ];
  const child = processes.start({ role: 'redis', command: 'redis-server', args: options });
  const url = `redis://127.0.0.1:${port}`;
  const redis = await connected(url);
  return {
    url,
    part: redisPart(child.pid, redis),
    close: async () => {
      redis.disconnect();
      await child.stop();
    },
  };
}

async function connected(url: string): Promise<Redis> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => 20, maxRetriesPerRequest: null });
  let last: Error | undefined;
  redis.on('error', (error: Error) => {
    last = error;
  });
  void redis.connect().catch(() => undefined);
  const deadline = AbortSignal.timeout(START_MS);
  return new Promise((resolve, reject) => {
    redis.once('ready', () => resolve(redis));
    deadline.addEventListener('abort', () => {
      if (redis.status === 'ready') return;
      redis.disconnect();
      reject(new Error(`No Redis answers at ${url}: ${last?.message ?? 'no answer'}`));
    });
  });
}
