// Redis and Postgres in containers, where a Docker daemon answers and the images can be had.
import {
  GenericContainer,
  getContainerRuntimeClient,
  ImageName,
  type StartedTestContainer,
  Wait,
} from 'testcontainers';
import type { Warden } from '../../scripts/warden.ts';
import { postgresVersion } from './postgres.ts';
import { redisVersion } from './redis.ts';
import type { Server } from './server-process.ts';

const images = { redis: 'redis:7-bookworm', postgres: 'postgres:15-bookworm', ryuk: 'testcontainers/ryuk:0.14.0' };
const pullDeadlineMs = 120_000;
const startDeadlineMs = 90_000;

type Runtime = Awaited<ReturnType<typeof getContainerRuntimeClient>>;

const within = <T>(milliseconds: number, what: string, work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${milliseconds / 1_000} s.`)), milliseconds);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
};

/** The container runtime, or undefined where none answers. */
export const findDocker = async (): Promise<Runtime | undefined> => {
  try {
    return await within(10_000, 'Asking for Docker', getContainerRuntimeClient());
  } catch {
    return undefined;
  }
};

const haveImage = async (runtime: Runtime, name: string): Promise<void> => {
  const image = ImageName.fromString(name);
  if (await runtime.image.exists(image)) return;
  await within(pullDeadlineMs, `Fetching the image ${name}`, runtime.image.pull(image));
};

/** Ryuk removes containers after a crash. Where its image cannot be had, the warden alone does that. */
let ryuk: Promise<void> | undefined;
const prepareRyuk = (runtime: Runtime): Promise<void> => {
  ryuk ??= haveRyuk(runtime);
  return ryuk;
};

const haveRyuk = async (runtime: Runtime): Promise<void> => {
  if (process.env.TESTCONTAINERS_RYUK_DISABLED !== undefined) return;
  try {
    await haveImage(runtime, images.ryuk);
  } catch {
    process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
  }
};

const server = async (
  container: StartedTestContainer,
  warden: Warden,
  url: string,
  describe: () => Promise<string>,
): Promise<Server> => {
  warden.guard({ kind: 'container', value: container.getId() });
  const stop = async () => {
    await container.stop({ timeout: 2_000 });
  };
  try {
    return { url, label: await describe(), stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

export const startRedisContainer = async (runtime: Runtime, warden: Warden): Promise<Server> => {
  await haveImage(runtime, images.redis);
  await prepareRyuk(runtime);
  const container = await new GenericContainer(images.redis)
    .withExposedPorts(6379)
    .withCommand(['redis-server', '--save', '', '--appendonly', 'no'])
    .withWaitStrategy(Wait.forListeningPorts())
    .withStartupTimeout(startDeadlineMs)
    .start();
  const url = `redis://${container.getHost()}:${container.getMappedPort(6379)}`;
  return server(container, warden, url, async () => `Redis ${await redisVersion(url)}, container ${images.redis}`);
};

export const startPostgresContainer = async (runtime: Runtime, warden: Warden): Promise<Server> => {
  await haveImage(runtime, images.postgres);
  await prepareRyuk(runtime);
  const container = await new GenericContainer(images.postgres)
    .withExposedPorts(5432)
    .withEnvironment({ POSTGRES_USER: 'hermit', POSTGRES_PASSWORD: 'hermit', POSTGRES_DB: 'hermit' })
    .withCommand(['postgres', '-c', 'fsync=off', '-c', 'synchronous_commit=off', '-c', 'max_connections=300'])
    // The image starts the server twice: once to set itself up, then to serve.
    .withWaitStrategy(Wait.forLogMessage(/ready to accept connections/, 2))
    .withStartupTimeout(startDeadlineMs)
    .start();
  const url = `postgres://hermit:hermit@${container.getHost()}:${container.getMappedPort(5432)}/hermit`;
  return server(container, warden, url, async () => {
    const version = await postgresVersion(url);
    return `Postgres ${version}, container ${images.postgres}`;
  });
};
