// A Redis server of the tests' own, from the local binary.
import { Redis } from 'ioredis';
import type { Warden } from '../../scripts/warden.ts';
import { freePort, type Server, ServerProcess, temporaryDirectory, untilReady } from './server-process.ts';

/** The version of the server behind `url`; rejects when it does not answer at once. */
export const redisVersion = async (url: string): Promise<string> => {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: 5_000 });
  // The event says what happened; the rejection only that there is no connection.
  let trouble: Error | undefined;
  redis.on('error', (error) => {
    trouble = error;
  });
  try {
    await redis.connect();
    const info = await redis.info('server');
    return /redis_version:(\S+)/.exec(info)?.[1] ?? 'unknown';
  } catch (error) {
    throw trouble ?? error;
  } finally {
    redis.disconnect();
  }
};

export const startRedis = async (
  binary: string,
  warden: Warden,
  options: { port?: number; args?: readonly string[] } = {},
): Promise<Server & { process: ServerProcess; port: number }> => {
  const directory = await temporaryDirectory('redis', warden);
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    const settings = ['--bind', '127.0.0.1', '--port', `${port}`, '--dir', directory.path];
    const disposable = ['--save', '', '--appendonly', 'no', '--loglevel', 'warning'];
    const args = [...settings, ...disposable, ...(options.args ?? [])];
    const running = new ServerProcess(binary, args, warden, { cwd: directory.path });
    const url = `redis://127.0.0.1:${port}`;
    try {
      const version = await untilReady('Redis', running, () => redisVersion(url));
      // Another process may have taken the port between our look and the server's start.
      if (running.ended) throw new Error('Another server answers on the port chosen for Redis.');
      const stop = async () => {
        await running.stop('SIGTERM');
        await directory.remove();
      };
      return { url, port, label: `Redis ${version}, ${binary}`, process: running, stop };
    } catch (error) {
      await running.stop('SIGKILL');
      if (attempt === 3 || options.port) {
        await directory.remove();
        throw error;
      }
    }
  }
};
