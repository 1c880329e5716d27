// Assembly of a pod, wired by hand: the only place that chooses adapters.
import { randomUUID } from 'node:crypto';
import { HermitError } from '@hermit/protocol';
import { systemClock } from '@hermit/transport';
import type { FastifyInstance } from 'fastify';
import { type AccountsChange, createAccounts } from './accounts/accounts.ts';
import { type AuditEvent, createAudit } from './accounts/audit.ts';
import { isUnreachable } from './accounts/availability.ts';
import { openDatabase } from './accounts/database.ts';
import { createDirectory } from './accounts/directory.ts';
import { migrate } from './accounts/migrate.ts';
import { beTheOnlyPod } from './accounts/only-pod.ts';
import { createPasswords } from './accounts/passwords.ts';
import { RememberedTokens } from './accounts/remembered-tokens.ts';
import { createRevocations } from './accounts/revocations.ts';
import { createSignOnAttempts } from './auth/sign-on-attempt.ts';
import { createSignOnProvider } from './auth/sign-on-provider.ts';
import { createTokenKeys } from './auth/token-keys.ts';
import { createTokens } from './auth/tokens.ts';
import type { Bus } from './bus/bus.ts';
import { BusHub } from './bus/bus-memory.ts';
import { RedisBus } from './bus/bus-redis.ts';
import type { Config } from './config.ts';
import { keepJwtSecret } from './embedded/jwt-secret.ts';
import type { HealthChecks } from './http/health-routes.ts';
import { httpRoutes } from './http/http-routes.ts';
import { createHttpServer } from './http/http-server.ts';
import type { HitCounter } from './limits/hit-counter.ts';
import { MemoryHitCounter } from './limits/hit-counter-memory.ts';
import { RedisHitCounter } from './limits/hit-counter-redis.ts';
import { createLimiter } from './limits/limiter.ts';
import { addressOf, limitRequests } from './limits/request-limits.ts';
import type { Presence } from './presence/presence.ts';
import { MemoryPresence } from './presence/presence-memory.ts';
import { RedisPresence } from './presence/presence-redis.ts';
import { RedisConnections } from './redis/redis-connection.ts';
import { redisNames } from './redis/redis-names.ts';
import type { Look } from './relay/observer.ts';
import { Pod } from './relay/pod.ts';
import { Admission } from './sockets/admission.ts';
import { websocketRoutes } from './sockets/websocket-routes.ts';
import type { Log } from './telemetry/events.ts';
import { fastifyLogger } from './telemetry/http-telemetry.ts';
import type { Metrics } from './telemetry/metrics.ts';
import { busObserver, connectionObserver, presenceObserver } from './telemetry/observers-redis.ts';
import { openTelemetry } from './telemetry/telemetry.ts';
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
  const closers: (() => Promise<void> | void)[] = [];
  const telemetry = await openTelemetry(config, VERSION);
  const { log, metrics } = telemetry;
  closers.push(() => telemetry.close());
  try {
    const database = await openDatabase(config);
    closers.push(() => database.close());
    if (database.embedded) log('embedded_database');
    await migrate(database.sql, { log: (reason) => log('migration', { reason }) });

    if (config.redis === undefined && !database.embedded) {
      const only = await beTheOnlyPod({ database: config.database, log });
      closers.push(() => only.close());
    }

    const secrets = config.jwtSecrets.length > 0 ? config.jwtSecrets : [await keepJwtSecret(config.dataDir)];
    const keys = createTokenKeys(secrets);
    const tokens = createTokens(keys);
    const sql = telemetry.timed(database.sql, isUnreachable);
    const audit = createAudit({
      sql,
      lost: (count) => {
        metrics.auditLost.inc(count);
        log('audit_lost', { count });
      },
    });
    closers.push(() => audit.close());
    const accounts = createAccounts({
      sql,
      tokens,
      registration: config.registration,
      machinesPerUser: config.machinesPerUser,
      singleSignOnOpens: config.signOnOpens,
      auditLife: config.auditDays * 86_400_000,
      passwords: createPasswords({ onHash: () => metrics.passwordHashes.inc() }),
      onChange: (change) => {
        if ('machineId' in change && change.type !== 'rights_changed') revocations.revoke(change.machineId);
        announce(pod, change);
      },
    });

    const fabric = openFabric(config, metrics, log);
    const { bus, presence, checks } = fabric;
    closers.push(() => fabric.close());
    const limits = createLimiter({ counter: fabric.counter, times: config.rateLimits });
    const names = redisNames(config.redis?.prefix ?? 'hermit:');
    const memory = new RememberedTokens();
    const revocations = createRevocations({ bus, channel: names.revocations, memory });
    closers.push(() => revocations.close());
    const restored = () => pod.recheckAll();
    const directory = createDirectory({ accounts, tokens, presence, limits, memory, restored });
    closers.push(() => directory.close());

    const pod = new Pod({
      id: config.podId,
      version: VERSION,
      bus,
      presence,
      directory,
      names,
      clock: systemClock,
      random: Math.random,
      newId: randomUUID,
      log,
      observer: {
        ...telemetry.observer,
        attached: ({ userId, ...look }) => audit.record(lookedAt('attached', userId, look)),
        detached: ({ userId, ...look }) => audit.record(lookedAt('detached', userId, look)),
        intruder: (ip) => void limits.note('intruder', addressOf({ ip })),
      },
    });
    telemetry.watchPod(pod);

    const http = await createHttpServer({ trustProxy: config.trustProxy, logger: fastifyLogger(log) });
    telemetry.watchHttp(http);
    await limitRequests(http, { counter: fabric.counter, times: config.rateLimits });
    await httpRoutes(http, {
      limits,
      audit,
      entries: audit.entries,
      registration: config.registration,
      signOn: config.signOn && {
        provider: createSignOnProvider(config.signOn),
        attempts: createSignOnAttempts(keys),
      },
      publicUrl: config.publicUrl,
      accounts,
      tokens,
      presence: { machines: (ids) => shown(presence, ids) },
      sessions: (machineId) => presence.sessions(machineId),
      attachments: (machineId) => presence.attachments(machineId),
      pods: () => presence.pods(),
      embedded: [...(database.embedded ? ['postgres'] : []), ...(config.redis === undefined ? ['redis'] : [])],
      checks: {
        draining: async () => {
          if (pod.draining) throw new HermitError('DRAINING', 'leaving');
        },
        postgres: () => database.ping(),
        ...checks,
      },
    });
    // A proxy may have replaced the Host by which a page of our own is known.
    const allowedOrigins = [...config.allowedOrigins, ...(config.publicUrl === undefined ? [] : [config.publicUrl])];
    const admission = new Admission(systemClock);
    metrics.onScrape(() => metrics.newcomers.set(admission.waiting));
    await websocketRoutes(http, { pod, allowedOrigins, limits, admission });
    closers.push(tidyNowAndThen(() => accounts.tidy()));

    return {
      http,
      pod,
      async listen() {
        await fabric.ready();
        const { host, port } = config;
        const scraped = await telemetry.listen();
        const address = await http.listen({ host, port });
        pod.start();
        log('listening', { address, metrics: scraped });
        return address;
      },
      drain: (withinMs) =>
        new Promise((done) => {
          pod.drain(withinMs, done);
          setTimeout(done, withinMs + 1_000).unref();
        }),
      async close() {
        pod.stop();
        pod.dismissAll();
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
  counter: HitCounter;
  checks: HealthChecks;
  /** Resolves when the bus carries messages. */
  ready(): Promise<void>;
  close(): Promise<void>;
};

/** What connects pods: Redis, or this process's own memory for the one pod there is. */
function openFabric(config: Config, metrics: Metrics, log: Log): Fabric {
  const { redis, podId } = config;
  if (redis === undefined) {
    log('memory_bus');
    const bus = new BusHub().join();
    return {
      bus,
      presence: new MemoryPresence(),
      counter: new MemoryHitCounter(),
      checks: {},
      ready: async () => {},
      close: () => bus.close(),
    };
  }
  const connections = new RedisConnections(redis, { podId, observer: connectionObserver(metrics, log) });
  const bus = new RedisBus(connections, { observer: busObserver(metrics, log) });
  metrics.onScrape(() => metrics.redisUp.set(bus.healthy ? 1 : 0));
  const presence = new RedisPresence(connections, { observer: presenceObserver(metrics, log) });
  return {
    bus,
    presence,
    counter: new RedisHitCounter(connections, new MemoryHitCounter()),
    checks: {
      redis: async () => {
        if (!bus.healthy) throw connections.trouble ?? new HermitError('UNAVAILABLE', 'no messages come through');
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

function lookedAt(action: 'attached' | 'detached', actorId: string, look: Omit<Look, 'userId'>): AuditEvent {
  const { machineId, sessionId, address, readOnly, offset } = look;
  return { action, actorId, machineId, sessionId, address, details: { readOnly, offset } };
}

/** Milliseconds. Pods do it at different times, and one at a time; who comes second finds nothing left. */
const TIDY_EVERY = 3_600_000;
/** The first time: pods that are replaced every half hour tidy up as well. */
const TIDY_FIRST = 300_000;

function tidyNowAndThen(tidy: () => Promise<unknown>): () => void {
  let timer: NodeJS.Timeout;
  const after = (wait: number) => {
    timer = setTimeout(
      () => {
        // What failed is tried again the next time.
        tidy().catch(() => {});
        after(TIDY_EVERY);
      },
      wait * (0.75 + Math.random() / 2),
    );
    timer.unref();
  };
  after(TIDY_FIRST);
  return () => clearTimeout(timer);
}

/** Carries what happened to accounts to the pods that hold open sockets. */
function announce(pod: Pod, change: AccountsChange): void {
  const { userId } = change;
  if (change.type === 'logins_ended') pod.loginsEnded(userId, change.loginIds);
  if (change.type === 'rights_changed') pod.rightsChanged(userId, change.machineId, change.sessionId);
  if (change.type === 'machine_removed') {
    const { machineId } = change;
    pod.machines.revoke(machineId);
    for (const each of [userId, ...change.sharedWith]) pod.rightsChanged(each, machineId, null);
    pod.toUser(userId, { type: 'tell', message: { type: 'machine_removed', machineId } });
  }
  if (change.type === 'machine_token_rotated') pod.machines.revoke(change.machineId);
}
