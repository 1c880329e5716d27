// Redis and Postgres over TLS, with an authority of one's own, and every secret from a file, as Kubernetes mounts them.
import { chmodSync, chownSync, copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Warden } from '../../../scripts/warden.ts';
import { openDatabase } from '../../../services/relay/src/accounts/database.ts';
import { createApp } from '../../../services/relay/src/app.ts';
import { readConfig } from '../../../services/relay/src/config.ts';
import { findPostgres } from '../../services/binaries.ts';
import { certificates } from '../../services/certificates.ts';
import { createDataDirectory } from '../../services/data-directory.ts';
import { startPostgres } from '../../services/postgres.ts';
import { RedisHouse, withRedis } from '../../services/redis-topologies.ts';
import { freePort } from '../../services/server-process.ts';
import { until } from '../kit/wait.ts';
import { SECRET, startRelays } from './relay-kit.ts';

const stack = new AsyncDisposableStack();
let files: string;
let env: Record<string, string>;
let tlsPort: number;
let redisPort: number;
let database: postgres.Sql;

beforeAll(async () => {
  const binaries = await findPostgres();
  if (!binaries) throw new Error('This test needs a local Postgres that it may set up.');
  files = stack.use(await createDataDirectory()).path;
  await certificates(files, 'good');
  await certificates(files, 'other');
  const file = (name: string, text?: string) => {
    const path = join(files, name);
    if (text !== undefined) writeFileSync(path, text, { mode: 0o600 });
    return path;
  };

  const house = stack.use(new RedisHouse());
  tlsPort = await freePort();
  const tls = ['--tls-port', `${tlsPort}`, '--tls-auth-clients', 'no', '--tls-ca-cert-file', file('good-ca.crt')];
  const password = 'a password that is in a file';
  const own = ['--tls-cert-file', file('good.crt'), '--tls-key-file', file('good.key')];
  redisPort = (await house.single({ args: [...tls, ...own] })).port;
  await withRedis(redisPort, (redis) =>
    redis.call('ACL', 'SETUSER', 'relay', 'on', `>${password}`, '~*', '&*', '+@all'),
  );

  const warden = new Warden();
  const server = await startPostgres(binaries, warden);
  stack.defer(async () => {
    await server.stop();
    warden.leave();
  });
  database = postgres(server.url, { max: 1, onnotice: () => {} });
  stack.defer(() => database.end({ timeout: 1 }));
  const [row] = await database<{ data_directory: string }[]>`show data_directory`;
  const data = String(row?.data_directory);
  const { uid, gid } = statSync(data);
  for (const name of ['good.crt', 'good.key']) {
    const path = join(data, name);
    copyFileSync(file(name), path);
    chmodSync(path, 0o600);
    if (process.getuid?.() === 0) chownSync(path, uid, gid);
  }
  await database.unsafe(`alter system set ssl_cert_file = 'good.crt'`);
  await database.unsafe(`alter system set ssl_key_file = 'good.key'`);
  await database.unsafe('alter system set ssl = on');
  await database`select pg_reload_conf()`;

  env = {
    ...{ HOST: '127.0.0.1', PORT: '0', LOG_LEVEL: 'silent', POD_ID: 'pod', DRAIN_SECONDS: '0' },
    JWT_SECRET_FILE: file('jwt', `${SECRET}\n`),
    DATABASE_URL_FILE: file('database', server.url),
    DATABASE_CA_FILE: file('good-ca.crt'),
    REDIS_URL_FILE: file('redis', `rediss://relay:${encodeURIComponent(password)}@127.0.0.1:${tlsPort}`),
    REDIS_CA_FILE: file('good-ca.crt'),
    // What the kit sets is not used here.
    ...{ JWT_SECRET: '', DATABASE_URL: '', REDIS_URL: '' },
  };
});
afterAll(() => stack.disposeAsync());

describe('with the right authority', () => {
  it('everything works, and nothing of it goes in the clear', async () => {
    await using relays = await startRelays({ env });
    const person = await relays.person();
    const machine = await relays.machine(person);
    const agent = await relays.agent(0, machine);
    const client = await relays.client(0, person.accessToken);
    expect(await client.attach(machine.id, agent.session())).toMatchObject({ type: 'attached' });

    const connections = await database<{ ssl: boolean }[]>`
      select ssl from pg_stat_ssl join pg_stat_activity using (pid) where application_name = 'hermit-relay'`;
    expect(connections.length).toBeGreaterThan(0);
    expect(connections.every(({ ssl }) => ssl)).toBe(true);
    const clients = await withRedis(redisPort, (redis) => redis.client('LIST'));
    const ours = String(clients)
      .split('\n')
      .filter((line) => line.includes('name=hermit:'));
    expect(ours.length).toBeGreaterThanOrEqual(3);
    expect(ours.every((line) => line.includes(` laddr=127.0.0.1:${tlsPort} `) && line.includes(' user=relay '))).toBe(
      true,
    );
  });
});

describe('with another authority', () => {
  const other = () => join(files, 'other-ca.crt');

  it('Postgres is not spoken to, and the relay does not start', async () => {
    const starting = createApp(readConfig({ ...env, DATABASE_CA_FILE: other() }));
    await expect(starting).rejects.toThrow(/certificate|unable to verify/i);
  });

  it('Redis is not spoken to, and the relay is not ready', async () => {
    const app = await createApp(readConfig({ ...env, REDIS_CA_FILE: other() }));
    try {
      const url = await app.listen();
      await until('the pod says what is missing', async () => {
        const answer = await fetch(`${url}/readyz`);
        return answer.status === 503 && (await answer.text()).includes('redis');
      });
      const clients = await withRedis(redisPort, (redis) => redis.client('LIST'));
      expect(String(clients)).not.toContain('name=hermit:');
    } finally {
      await app.close();
    }
  });
});

describe('without an authority of ours, sslmode in the address', () => {
  const UNKNOWN = /certificate|unable to verify|self.signed/i;
  /** Whether the connection is encrypted, or why there is none. */
  const encrypted = async (query: string, ca?: string) => {
    const url = new URL(readFileSync(String(env.DATABASE_URL_FILE), 'utf8'));
    url.search = query;
    const { sql, ping, close } = await openDatabase({ database: { url: url.href, ca, pool: 1 }, dataDir: '' });
    try {
      await ping();
      const [row] = await sql<{ ssl: boolean }[]>`select ssl from pg_stat_ssl where pid = pg_backend_pid()`;
      return row?.ssl;
    } catch (error) {
      return (error as Error).message;
    } finally {
      await close();
    }
  };

  it.each([
    ['', false],
    ['sslmode=disable', false],
    ['sslmode=allow', true],
    ['sslmode=prefer', true],
    ['sslmode=require', true],
    ['sslmode=verify-ca', UNKNOWN],
    ['sslmode=verify-full', UNKNOWN],
    ['sslmode=a-typing-error', UNKNOWN],
  ])('%j', async (query, expected) => {
    const got = await encrypted(query);
    if (expected instanceof RegExp) expect(got).toMatch(expected);
    else expect(got).toBe(expected);
  });

  it('does not count beside one of ours; the authority stands in DATABASE_CA alone', async () => {
    const ca = (name: string) => readFileSync(join(files, `${name}-ca.crt`), 'utf8');
    for (const query of ['', 'sslmode=disable', 'sslmode=require']) {
      expect(await encrypted(query, ca('good'))).toBe(true);
      expect(await encrypted(query, ca('other'))).toMatch(UNKNOWN);
    }
    expect(await encrypted('sslrootcert=/a/file')).toMatch('sslrootcert');
  });
});

it('a Postgres that speaks no TLS is not spoken to when an authority is named', async () => {
  const url = process.env.TEST_DATABASE_URL as string;
  const ca = readFileSync(join(files, 'good-ca.crt'), 'utf8');
  const open = (authority: string | undefined) =>
    openDatabase({ database: { url, ca: authority, pool: 1 }, dataDir: '' });
  const [plain, secure] = [await open(undefined), await open(ca)];
  try {
    await plain.ping();
    await expect(secure.ping()).rejects.toThrow();
  } finally {
    await Promise.all([plain.close(), secure.close()]);
  }
});
