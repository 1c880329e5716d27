// Assembly of a pod, wired by hand: the only place that chooses adapters.
import { randomUUID } from 'node:crypto';
import { HermitError } from '@hermit/protocol';
import { systemClock } from '@hermit/transport';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { type AccountsChange, createAccounts } from './accounts/accounts.ts';
import { openDatabase } from './accounts/database.ts';
import { createDirectory } from './accounts/directory.ts';
import { migrate } from './accounts/migrate.ts';
import { createTokenKeys } from './auth/token-keys.ts';
import { createTokens } from './auth/tokens.ts';
import type { Bus } from './bus/bus.ts';
import { BusHub } from './bus/bus-memory.ts';
import { RedisBus } from './bus/bus-redis.ts';
import { RedisConnections } from './bus/redis-connection.ts';
import { redisNames } from './bus/redis-names.ts';
import type { Config } from './config.ts';
import { keepJwtSecret } from './embedded/jwt-secret.ts';
import type { HealthChecks } from './http/health-routes.ts';
import { httpRoutes } from './http/http-routes.ts';
import { createHttpServer } from './http/http-server.ts';
import type { Presence } from './presence/presence.ts';
import { MemoryPresence } from './presence/presence-memory.ts';
import { RedisPresence } from './presence/presence-redis.ts';
import { Pod } from './relay/pod.ts';
import { websocketRoutes } from './sockets/websocket-routes.ts';
import { VERSION } from './version.ts';

export type App = {
  readonly http: FastifyInstance;
  readonly pod: Pod;
  /** The address once it listens, `http://HOST:PORT`. */
  listen(): Promise<string>;
  /** Asks everybody to move, then resolves; at the latest after `withinMs`. */
  drain(withinMs: number): Promise<void>;
  /** Closes sockets and connections to Redis and Postgres. */
  close(): Promise<void>;
};

export async function createApp(config: Config): Promise<App> {
  const log = pino({ level: config.logLevel, base: { pod: config.podId } });
  const closers: (() => Promise<void> | void)[] = [];
  try {
    const database = await openDatabase(config);
    closers.push(() => database.close());
    if (database.embedded) log.info({ event: 'embedded_database' }, 'Postgres is embedded: this is the only pod');
    await migrate(database.sql, { log: (line) => log.info({ event: 'migration' }, line) });

    const secrets = config.jwtSecrets.length > 0 ? config.jwtSecrets : [await keepJwtSecret(config.dataDir)];
    const tokens = createTokens(createTokenKeys(secrets));
    const accounts = createAccounts({
      sql: database.sql,
      tokens,
      registration: config.registration,
      machinesPerUser: config.machinesPerUser,
      onChange: (change) => announce(pod, change),
    });

    const fabric = openFabric(config, log);
    const { bus, presence, checks } = fabric;
    closers.push(() => fabric.close());
    const directory = createDirectory({ accounts, tokens, presence });
    closers.push(() => directory.close());

    const pod = new Pod({
      id: config.podId,
      version: VERSION,
      bus,
      presence,
      directory,
      names: redisNames(config.redis?.prefix ?? 'hermit:'),
      clock: systemClock,
      random: Math.random,
      newId: randomUUID,
      log: (event, fields) => log.warn({ event, ...fields }),
    });

    const http = await createHttpServer({ trustProxy: config.trustProxy, logger: log });
    await httpRoutes(http, {
      accounts,
      tokens,
      presence: { machines: (ids) => shown(presence, ids) },
      sessions: (machineId) => presence.sessions(machineId),
      checks: {
        draining: async () => {
          if (pod.draining) throw new HermitError('DRAINING', 'leaving');
        },
        postgres: () => database.ping(),
        ...checks,
      },
    });
    await websocketRoutes(http, { pod, allowedOrigins: config.allowedOrigins });

    return {
      http,
      pod,
      async listen() {
        await fabric.ready();
        const address = await http.listen({ host: config.host, port: config.port });
        pod.start();
        log.info({ event: 'listening', address }, `listening at ${address}`);
        return address;
      },
      drain: (withinMs) =>
        new Promise((done) => {
          pod.drain(withinMs, done);
          setTimeout(done, withinMs + 1_000).unref();
        }),
      async close() {
        pod.stop();
        await http.close();
        for (const close of closers.reverse()) await close();
      },
    };
  } catch (error) {
    for (const close of closers.reverse()) await close();
    throw error;
  }
}

type Fabric = {
  bus: Bus;
  presence: Presence;
  checks: HealthChecks;
  /** Resolves when the bus carries messages. */
  ready(): Promise<void>;
  close(): Promise<void>;
};

/** What connects pods: Redis, or this process's own memory for the one pod there is. */
function openFabric(config: Config, log: pino.Logger): Fabric {
  const { redis, podId } = config;
  if (redis === undefined) {
    log.info({ event: 'memory_bus' }, 'bus and presence are in memory: this is the only pod');
    const bus = new BusHub().join();
    return {
      bus,
      presence: new MemoryPresence(),
      checks: {},
      ready: async () => {},
      close: () => bus.close(),
    };
  }
  const connections = new RedisConnections(redis, {
    podId,
    observer: {
      lost: (role) => log.warn({ event: 'redis_lost', role }, 'a connection to Redis was lost'),
      error: (role, error) =>
        log.warn({ event: 'redis_error', role, reason: error.message }, 'Redis cannot be reached'),
    },
  });
  const bus = new RedisBus(connections, {
    observer: {
      rebuilt: () => log.warn({ event: 'bus_rebuilt' }, 'the subscription was silent: connected anew'),
      restored: () => log.info({ event: 'bus_restored' }, 'the subscriptions are back'),
    },
  });
  const presence = new RedisPresence(connections);
  return {
    bus,
    presence,
    checks: {
      redis: async () => {
        if (!bus.healthy) throw new HermitError('UNAVAILABLE', 'no messages come through');
      },
    },
    ready: async () => {},
    async close() {
      await bus.close();
      await presence.close();
      await connections.close();
    },
  };
}

async function shown(presence: Presence, ids: readonly string[]) {
  const online = await presence.machines(ids);
  return new Map([...online].map(([id, { lastSeen, sessionCount }]) => [id, { online: true, lastSeen, sessionCount }]));
}

/** Carries what happened to accounts to the pods that hold open sockets. */
function announce(pod: Pod, change: AccountsChange): void {
  const { userId } = change;
  if (change.type === 'logins_ended') pod.loginsEnded(userId, change.loginIds);
  if (change.type === 'rights_changed') pod.rightsChanged(userId, change.machineId, change.sessionId);
  if (change.type === 'machine_removed') {
    const { machineId } = change;
    pod.revokeMachine(machineId);
    for (const each of [userId, ...change.sharedWith]) pod.rightsChanged(each, machineId, null);
    pod.toUser(userId, { type: 'tell', message: { type: 'machine_removed', machineId } });
  }
  if (change.type === 'machine_token_rotated') pod.revokeMachine(change.machineId);
}
