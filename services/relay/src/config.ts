// The relay's configuration: the schema of its environment, and the type derived from it.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { PodId } from '@hermit/protocol';
import { type Static, type TSchema, Type } from 'typebox';
import { Check } from 'typebox/value';
import { isNetwork, isPostgresUrl, isRedisUrl } from './addresses.ts';

/** HS256 wants a key of at least as many bits as its hash has (RFC 7518, 3.2). */
const SECRET_BYTES = 32;

/** `description` completes "NAME must be ..."; a `secret` may come from a file (NAME_FILE) and is never repeated. */
type Options = { description: string; default?: string | number; secret?: true };

const text = (pattern: string, options: Options) => Type.String({ pattern, ...options });
const whole = (minimum: number, maximum: number, options: Options) => Type.Integer({ minimum, maximum, ...options });
const oneOf = <const T extends string>(values: readonly T[], fallback: T) =>
  Type.Union(
    values.map((value) => Type.Literal(value)),
    { default: fallback, description: `one of ${values.join(', ')}` },
  );

const pem = { description: 'a certificate in PEM form', secret: true } as const;

function option(schema: TSchema, name: string): unknown {
  return (schema as Record<string, unknown>)[name];
}

/** Every variable the relay reads. A variable that is set to nothing counts as not set. */
export const Environment = Type.Object({
  /** Address to listen on: 127.0.0.1 in the embedded start, else 0.0.0.0. */
  HOST: Type.Optional(text('^[A-Za-z0-9.:_-]{1,253}$', { description: 'a host name or an address' })),
  PORT: whole(0, 65_535, { default: 3001, description: 'a port number, 0 to 65535 (0: any free one)' }),
  /** Postgres. Without it an embedded one keeps its files in HERMIT_DATA_DIR. */
  DATABASE_URL: Type.Optional(
    Type.Refine(
      Type.String({ description: 'a URL like postgres://user:password@host:5432/hermit', secret: true }),
      isPostgresUrl,
    ),
  ),
  /** Authority that signed the certificate of Postgres; setting it demands TLS. */
  DATABASE_CA: Type.Optional(text('-----BEGIN CERTIFICATE-----', pem)),
  /** Connections to Postgres that this pod opens at most. */
  DATABASE_POOL: whole(1, 1000, { default: 10, description: 'a number from 1 to 1000' }),
  /** Redis. Without it bus and presence are in memory, for one pod. */
  REDIS_URL: Type.Optional(
    Type.Refine(
      Type.String({
        description:
          'a URL like redis://:password@host:6379, or several with commas between (sentinels, cluster nodes)',
        secret: true,
      }),
      (value) => list(value).every(isRedisUrl),
    ),
  ),
  REDIS_CA: Type.Optional(text('-----BEGIN CERTIFICATE-----', pem)),
  /** With `sentinel`, REDIS_URL names the sentinels; with `cluster`, some of its nodes. */
  REDIS_MODE: oneOf(['single', 'sentinel', 'cluster'], 'single'),
  /** The master that the sentinels watch. */
  REDIS_SENTINEL_NAME: text('^[A-Za-z0-9._-]{1,128}$', {
    default: 'mymaster',
    description: 'a name of letters, digits, dots and dashes',
  }),
  /** What every key and channel begins with. */
  REDIS_PREFIX: text('^[A-Za-z0-9:._-]{0,64}$', {
    default: 'hermit:',
    description: 'at most 64 letters, digits, colons, dots and dashes',
  }),
  /** Signs tokens. Several with commas between: the first signs, all are accepted. */
  JWT_SECRET: Type.Optional(
    text(`^[^,]{${SECRET_BYTES},}(,[^,]{${SECRET_BYTES},})*$`, {
      description: `at least ${SECRET_BYTES} characters, or several such with commas between`,
      secret: true,
    }),
  ),
  /** Where the embedded start keeps its database and its secret. */
  HERMIT_DATA_DIR: Type.Optional(text('^[^\\u0000]+$', { description: 'a directory' })),
  LOG_LEVEL: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'info'),
  /** Unique among the pods; it is part of keys and channels. */
  POD_ID: Type.Optional(
    text(String(option(PodId, 'pattern')), { description: 'at most 63 letters, digits, dots, dashes and underscores' }),
  ),
  /** How long a leaving pod gives its agents and clients to move. */
  DRAIN_SECONDS: whole(0, 3600, { default: 20, description: 'a number of seconds, 0 to 3600' }),
  /** Who may make an account: anybody, those who were invited (and the very first user), or nobody. */
  REGISTRATION: oneOf(['open', 'invite', 'closed'], 'open'),
  /** Where people reach the relay, for the links that it hands out; without it, where their requests are sent to. */
  PUBLIC_URL: Type.Optional(
    text('^https?://[^\\s?#]+$', { description: 'an address like https://hermit.example.org' }),
  ),
  /** A provider of single sign-on (OpenID Connect). Plain HTTP is for one on this very machine. */
  OIDC_ISSUER: Type.Optional(
    text('^(https://[^\\s?#]+|http://(127\\.0\\.0\\.1|localhost|\\[::1\\])(:\\d+)?(/[^\\s?#]*)?)$', {
      description: 'the address of an OpenID Connect provider, https://…',
    }),
  ),
  OIDC_CLIENT_ID: Type.Optional(
    text('^[\\x21-\\x7e]{1,256}$', { description: 'the name of this relay at the provider' }),
  ),
  OIDC_CLIENT_SECRET: Type.Optional(
    text('^[\\x20-\\x7e]{1,1024}$', { description: 'the secret of this relay at the provider', secret: true }),
  ),
  OIDC_SCOPES: text('^[\\x21-\\x7e]+( [\\x21-\\x7e]+)*$', {
    default: 'openid email',
    description: 'scopes with blanks between, openid and email among them',
  }),
  /** Whether whoever the provider knows gets an account; by default only where registration is open. */
  OIDC_REGISTRATION: Type.Optional(
    Type.Union([Type.Literal('open'), Type.Literal('closed')], { description: 'one of open, closed' }),
  ),
  /** Days that the audit is kept. */
  AUDIT_DAYS: whole(1, 3650, { default: 90, description: 'a number of days, 1 to 3650' }),
  /** Browser origins besides the relay's own that may open sockets. */
  ALLOWED_ORIGINS: Type.Optional(
    text('^https?://[^\\s,/]+(\\s*,\\s*https?://[^\\s,/]+)*$', {
      description: 'origins like https://hermit.example.org, with commas between',
    }),
  ),
  /**
   * Which proxies may say where a request comes from; nobody, unless they are named. How many there are is not enough:
   * whoever reaches the relay past them could then say anything.
   */
  TRUST_PROXY: Type.Optional(
    Type.Refine(
      Type.String({
        description:
          'addresses or networks (10.0.0.0/8) with commas between, or of loopback, linklocal, uniquelocal, or false',
      }),
      (value) => value === 'false' || list(value).every(isNetwork),
    ),
  ),
  /** Metrics are served on a port of their own; without it, not at all. */
  METRICS_PORT: Type.Optional(whole(0, 65_535, { description: 'a port number, 0 to 65535 (0: any free one)' })),
  /** How many times the limits of log-ins, sockets and the like (limits/rules.ts) apply; 0 switches them off. */
  RATE_LIMITS: whole(0, 1000, {
    default: 1,
    description: 'a number from 0 (no limits) to 1000 (times the usual ones)',
  }),
  /** Where traces go, as OTLP over HTTP; without it there are none. OTEL_EXPORTER_OTLP_HEADERS is sent along. */
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(
    text('^https?://[^\\s,]+$', { description: 'the address of a collector, like http://collector:4318' }),
  ),
  /** The part of the traces that is kept. */
  OTEL_TRACES_SAMPLER_ARG: text('^(0|1|0?\\.\\d{1,9})$', { default: '1', description: 'a number from 0 to 1' }),
  /** Machines that one user may own. */
  MACHINES_PER_USER: whole(1, 1_000_000, { default: 1000, description: 'a number from 1 to 1000000' }),
});
type Environment = Static<typeof Environment>;

export type Config = ReturnType<typeof assemble>;
type ConfigProblem = { variable: string; expected: string };

/** What is wrong with the environment, all of it at once. The process exits with 1 before it opens a port. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];
  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(({ variable, expected }) => `${variable} ${expected}`).join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** Reads the environment. Throws a ConfigError that names every wrong variable and what was expected. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const problems: ConfigProblem[] = [];
  const values: Record<string, unknown> = {};
  for (const [variable, schema] of Object.entries(Environment.properties)) {
    const given = readVariable(env, variable, schema, problems);
    const value = given === undefined ? defaultOf(schema) : converted(schema, given);
    if (value === undefined) continue;
    if (Check(schema, value)) values[variable] = value;
    else problems.push({ variable, expected: `must be ${about(schema)}${isSecret(schema) ? '' : `, not "${given}"`}` });
  }
  if (problems.length === 0) problems.push(...disagreements(values as Environment));
  if (problems.length > 0) throw new ConfigError(problems);
  return assemble(values as Environment, env);
}

/** Whole numbers are written in digits alone; everything else is text. */
const converted = (schema: TSchema, given: string) =>
  option(schema, 'type') === 'integer' && /^\d{1,15}$/.test(given) ? Number(given) : given;
const defaultOf = (schema: TSchema) => option(schema, 'default');
const about = (schema: TSchema) => String(option(schema, 'description'));
const isSecret = (schema: TSchema) => option(schema, 'secret') === true;

/** The value of a variable or, for a secret, of the file that NAME_FILE names. */
function readVariable(env: NodeJS.ProcessEnv, variable: string, schema: TSchema, problems: ConfigProblem[]) {
  const direct = env[variable]?.trim() || undefined;
  const file = isSecret(schema) ? env[`${variable}_FILE`]?.trim() || undefined : undefined;
  if (file === undefined) return direct;
  if (direct !== undefined) {
    problems.push({ variable, expected: `and ${variable}_FILE exclude each other: set one` });
    return undefined;
  }
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    problems.push({
      variable: `${variable}_FILE`,
      expected: `must be a file that can be read, not "${file}" (${why})`,
    });
    return undefined;
  }
}

function disagreements(env: Environment): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if ((env.REDIS_URL ?? env.DATABASE_URL) !== undefined && env.JWT_SECRET === undefined) {
    const expected =
      'must be set when REDIS_URL or DATABASE_URL is: every pod has to accept the tokens of the others ' +
      `(at least ${SECRET_BYTES} characters; try: openssl rand -base64 32)`;
    problems.push({ variable: 'JWT_SECRET', expected });
  }
  if (env.REDIS_URL !== undefined && env.DATABASE_URL === undefined) {
    const expected =
      'must be set when REDIS_URL is: pods that share Redis share their accounts too, and a Postgres inside each would ' +
      'know only its own';
    problems.push({ variable: 'DATABASE_URL', expected });
  }
  if (env.OIDC_ISSUER !== undefined && env.OIDC_CLIENT_ID === undefined) {
    problems.push({ variable: 'OIDC_CLIENT_ID', expected: 'must be set when OIDC_ISSUER is' });
  }
  if (env.OIDC_ISSUER !== undefined && env.PUBLIC_URL === undefined) {
    const expected = 'must be set when OIDC_ISSUER is: the provider leads back to it';
    problems.push({ variable: 'PUBLIC_URL', expected });
  }
  if (env.REDIS_URL === undefined && env.REDIS_MODE !== 'single') {
    problems.push({ variable: 'REDIS_URL', expected: `must be set when REDIS_MODE is ${env.REDIS_MODE}` });
  }
  if (env.REDIS_MODE === 'single' && env.REDIS_URL?.includes(',')) {
    problems.push({
      variable: 'REDIS_MODE',
      expected: 'must be sentinel or cluster when REDIS_URL names several servers',
    });
  }
  return problems;
}

function list(value: string | undefined): string[] {
  return value?.split(',').map((part) => part.trim()) ?? [];
}

function assemble(env: Environment, process: NodeJS.ProcessEnv) {
  /** Neither Redis nor Postgres is given: everything in this process, for one pod. */
  const embedded = env.REDIS_URL === undefined && env.DATABASE_URL === undefined;
  return {
    embedded,
    host: env.HOST ?? (embedded ? '127.0.0.1' : '0.0.0.0'),
    port: env.PORT,
    metricsPort: env.METRICS_PORT,
    /** Undefined: no traces. */
    traces: env.OTEL_EXPORTER_OTLP_ENDPOINT
      ? { endpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT, ratio: Number(env.OTEL_TRACES_SAMPLER_ARG) }
      : undefined,
    podId: env.POD_ID ?? podName(),
    logLevel: env.LOG_LEVEL,
    dataDir: resolve(
      env.HERMIT_DATA_DIR ?? join(process.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'hermit'),
    ),
    drainSeconds: env.DRAIN_SECONDS,
    /** No `url`: the embedded Postgres. */
    database: { url: env.DATABASE_URL, ca: env.DATABASE_CA, pool: env.DATABASE_POOL },
    /** Undefined: bus and presence in memory. */
    redis: env.REDIS_URL
      ? {
          mode: env.REDIS_MODE,
          urls: list(env.REDIS_URL),
          sentinelName: env.REDIS_SENTINEL_NAME,
          prefix: env.REDIS_PREFIX,
          ca: env.REDIS_CA,
        }
      : undefined,
    /** The first signs. Empty only in the embedded start, which keeps one in its data directory. */
    jwtSecrets: list(env.JWT_SECRET),
    registration: env.REGISTRATION,
    machinesPerUser: env.MACHINES_PER_USER,
    rateLimits: env.RATE_LIMITS,
    publicUrl: env.PUBLIC_URL,
    /** Undefined: no single sign-on. */
    signOn:
      env.OIDC_ISSUER !== undefined && env.OIDC_CLIENT_ID !== undefined
        ? {
            issuer: env.OIDC_ISSUER,
            clientId: env.OIDC_CLIENT_ID,
            clientSecret: env.OIDC_CLIENT_SECRET,
            scopes: env.OIDC_SCOPES,
          }
        : undefined,
    /** Undefined: as registration is. */
    signOnOpens: env.OIDC_REGISTRATION === undefined ? undefined : env.OIDC_REGISTRATION === 'open',
    auditDays: env.AUDIT_DAYS,
    allowedOrigins: list(env.ALLOWED_ORIGINS),
    trustProxy: env.TRUST_PROXY === undefined || env.TRUST_PROXY === 'false' ? (false as const) : list(env.TRUST_PROXY),
  };
}

/** Two starts on one host never share a name, or a restarted pod could be taken for the one that died. */
function podName(): string {
  const host = hostname()
    .replaceAll(/[^A-Za-z0-9.-]/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 48);
  return `${host || 'pod'}-${randomBytes(4).toString('hex')}`;
}
