// Real Redis and Postgres for tests: those named, else containers, else local binaries, else a sentence saying why not.

import { Warden } from '../../scripts/warden.ts';
import { canInstall, findPostgres, findRedis, installPackages } from './binaries.ts';
import { postgresVersion, startPostgres } from './postgres.ts';
import { redisVersion, startRedis } from './redis.ts';
import type { Server } from './server-process.ts';

/** The servers of one run. After `stop` nothing of them is left; a kill -9 of the run leaves nothing either. */
export interface Services {
  readonly redis: Server;
  readonly postgres: Server;
  stop(): Promise<void>;
}

type Say = (line: string) => void;

interface Provider {
  readonly name: 'Redis' | 'Postgres';
  readonly variable: 'TEST_REDIS_URL' | 'TEST_DATABASE_URL';
  readonly package: string;
  version(url: string): Promise<string>;
  inContainer(containers: typeof import('./containers.ts'), docker: Docker, warden: Warden): Promise<Server>;
  find(): Promise<string | undefined>;
  start(place: string, warden: Warden): Promise<Server>;
}

type Docker = NonNullable<Awaited<ReturnType<typeof import('./containers.ts')['findDocker']>>>;

const providers: readonly [Provider, Provider] = [
  {
    name: 'Redis',
    variable: 'TEST_REDIS_URL',
    package: 'redis-server',
    version: redisVersion,
    inContainer: (containers, docker, warden) => containers.startRedisContainer(docker, warden),
    find: findRedis,
    start: startRedis,
  },
  {
    name: 'Postgres',
    variable: 'TEST_DATABASE_URL',
    package: 'postgresql',
    version: postgresVersion,
    inContainer: (containers, docker, warden) => containers.startPostgresContainer(docker, warden),
    find: findPostgres,
    start: startPostgres,
  },
];

const firstLine = (error: unknown) => (error instanceof Error ? error.message : `${error}`).split('\n')[0];

const settled = <T>(outcome: PromiseSettledResult<T>): T => {
  if (outcome.status === 'rejected') throw outcome.reason;
  return outcome.value;
};

/** A server named by its variable: used as it is, never stopped. Undefined where the variable is not set. */
const named = async (provider: Provider): Promise<Server | undefined> => {
  const url = process.env[provider.variable];
  if (!url) return undefined;
  try {
    const label = `${provider.name} ${await provider.version(url)}, named by ${provider.variable}`;
    return { url, label, stop: async () => {} };
  } catch (error) {
    throw new Error(`${provider.variable} names a ${provider.name} that does not answer: ${firstLine(error)}`, {
      cause: error,
    });
  }
};

const missing = (provider: Provider): Error =>
  new Error(
    `The tests need a real ${provider.name} and found none. Any one of these helps: name one with ` +
      `${provider.variable}; start Docker; or install it (Debian, Ubuntu: apt-get install ${provider.package}).`,
  );

/** Starts what is not named. `say` gets one line for each thing worth telling. */
export const startServices = async (say: Say): Promise<Services> => {
  const warden = new Warden();
  const started: Server[] = [];
  const stop = async () => {
    await Promise.all(started.map((server) => server.stop()));
    warden.leave();
  };
  // Loaded only when needed: it is a large library, and named servers need none of it.
  let containers: Promise<{ library: typeof import('./containers.ts'); docker?: Docker }> | undefined;
  const findContainers = async () => {
    const library = await import('./containers.ts');
    return { library, docker: await library.findDocker() };
  };

  const contained = async (provider: Provider): Promise<Server | undefined> => {
    containers ??= findContainers();
    const { library, docker } = await containers;
    if (!docker) return undefined;
    try {
      return await provider.inContainer(library, docker, warden);
    } catch (error) {
      say(`Docker answers, but gives no ${provider.name}: ${firstLine(error)}`);
      return undefined;
    }
  };

  const local = async (provider: Provider): Promise<Server | undefined> => {
    let place = await provider.find();
    if (!place && (await canInstall())) {
      say(`Installing ${provider.package} with apt-get`);
      await installPackages([provider.package]);
      place = await provider.find();
    }
    return place ? provider.start(place, warden) : undefined;
  };

  const keep = (server: Server): Server => {
    started.push(server);
    say(server.label);
    return server;
  };
  const given = async (provider: Provider): Promise<Server | undefined> => {
    const server = (await named(provider)) ?? (await contained(provider));
    return server && keep(server);
  };
  /** One after the other: both may need apt-get, and its lock. */
  const found = async (provider: Provider): Promise<Server> => {
    const server = await local(provider);
    if (!server) throw missing(provider);
    return keep(server);
  };

  try {
    // Both are awaited before either's failure counts: what has started must be known, to be stopped.
    const [first, second] = await Promise.allSettled([given(providers[0]), given(providers[1])]);
    const redis = settled(first) ?? (await found(providers[0]));
    const postgres = settled(second) ?? (await found(providers[1]));
    return { redis, postgres, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};
