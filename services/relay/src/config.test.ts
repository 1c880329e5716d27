// The environment: what is accepted, and how a wrong value is named.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConfigError, readConfig } from './config.ts';

const SECRET = 'a-secret-of-more-than-32-characters';
const clustered = { REDIS_URL: 'redis://r:6379', DATABASE_URL: 'postgres://u:p@h/d', JWT_SECRET: SECRET };

function problems(env: NodeJS.ProcessEnv): ConfigError {
  try {
    readConfig(env);
  } catch (error) {
    return error as ConfigError;
  }
  throw new Error('the configuration was accepted');
}

describe('the embedded start', () => {
  it('needs nothing, and listens on loopback alone', () => {
    const config = readConfig({ HOME: '/home/me' });
    expect(config).toMatchObject({ embedded: true, host: '127.0.0.1', port: 3001, jwtSecrets: [], redis: undefined });
    expect(config.database.url).toBeUndefined();
  });

  it('keeps its data where the user keeps data', () => {
    expect(readConfig({ XDG_DATA_HOME: '/data' }).dataDir).toBe('/data/hermit');
    expect(readConfig({ HERMIT_DATA_DIR: '/elsewhere' }).dataDir).toBe('/elsewhere');
  });

  it('takes a variable that is set to nothing as not set', () => {
    expect(readConfig({ PORT: '', REDIS_URL: ' ', JWT_SECRET: '' })).toMatchObject({ embedded: true, port: 3001 });
  });
});

describe('single sign-on', () => {
  const oidc = { OIDC_ISSUER: 'https://id.example.org', OIDC_CLIENT_ID: 'hermit', PUBLIC_URL: 'https://h.example.org' };

  it('is off unless a provider is named, with all that it needs', () => {
    expect(readConfig({}).signOn).toBeUndefined();
    expect(readConfig({ ...oidc, OIDC_CLIENT_SECRET: 'word' })).toMatchObject({
      signOn: { issuer: oidc.OIDC_ISSUER, clientId: 'hermit', clientSecret: 'word', scopes: 'openid email' },
      signOnOpens: undefined,
      publicUrl: oidc.PUBLIC_URL,
    });
    const missing = problems({ OIDC_ISSUER: oidc.OIDC_ISSUER }).problems.map(({ variable }) => variable);
    expect(missing).toEqual(['OIDC_CLIENT_ID', 'PUBLIC_URL']);
  });

  it('says itself who gets an account by it', () => {
    expect(readConfig({ ...oidc, OIDC_REGISTRATION: 'closed' }).signOnOpens).toBe(false);
    expect(readConfig({ ...oidc, OIDC_REGISTRATION: 'open' }).signOnOpens).toBe(true);
  });
});

describe('the clustered start', () => {
  it('refuses them without JWT_SECRET', () => {
    const { JWT_SECRET: _, ...env } = clustered;
    expect(problems(env).problems).toEqual([
      { variable: 'JWT_SECRET', expected: expect.stringContaining('must be set when REDIS_URL or DATABASE_URL is') },
    ]);
  });

  it('refuses Redis without Postgres: each pod would have accounts of its own', () => {
    const { DATABASE_URL: _, ...env } = clustered;
    expect(problems(env).problems).toEqual([
      { variable: 'DATABASE_URL', expected: expect.stringContaining('must be set when REDIS_URL is') },
    ]);
  });

  it.each([
    'postgres://a:1,b:2/hermit',
    'postgresql://u@h',
    'postgres:///hermit?host=/run',
    'postgres://u:p%40@[::1]/d',
  ])('takes %s for a database', (url) => {
    expect(readConfig({ ...clustered, DATABASE_URL: url }).database.url).toBe(url);
  });

  it('listens on every address', () => {
    expect(readConfig(clustered)).toMatchObject({ embedded: false, host: '0.0.0.0' });
  });

  it('takes several secrets; the first signs', () => {
    const other = `${SECRET}-before`;
    expect(readConfig({ ...clustered, JWT_SECRET: `${SECRET}, ${other}` }).jwtSecrets).toEqual([SECRET, other]);
  });

  it('takes several servers only where it knows what they are', () => {
    const several = { ...clustered, REDIS_URL: 'redis://a:1,redis://b:2' };
    expect(problems(several).message).toContain('REDIS_MODE must be sentinel or cluster');
    expect(readConfig({ ...several, REDIS_MODE: 'cluster' }).redis).toMatchObject({
      mode: 'cluster',
      urls: ['redis://a:1', 'redis://b:2'],
      prefix: 'hermit:',
    });
  });
});

describe('a wrong value', () => {
  it.each([
    ['HOST', 'a host', 'a host name or an address'],
    ['PORT', '3001x', 'a port number'],
    ['PORT', '65536', 'a port number'],
    ['PORT', '-1', 'a port number'],
    ['PORT', '80.5', 'a port number'],
    ['LOG_LEVEL', 'loud', 'one of fatal, error'],
    ['POD_ID', 'a pod', 'at most 63 letters'],
    ['POD_ID', 'x'.repeat(64), 'at most 63 letters'],
    ['DRAIN_SECONDS', 'soon', 'a number of seconds'],
    ['REGISTRATION', 'maybe', 'one of open, invite, closed'],
    ['REDIS_MODE', 'galaxy', 'one of single, sentinel, cluster'],
    ['REDIS_PREFIX', '{tag}', 'at most 64 letters'],
    ['ALLOWED_ORIGINS', 'https://a.example/path', 'origins like'],
    ['ALLOWED_ORIGINS', '*', 'origins like'],
    ['TRUST_PROXY', 'true', 'addresses or networks'],
    ['TRUST_PROXY', '1', 'addresses or networks'],
    ['TRUST_PROXY', '10.0.0.0/33', 'addresses or networks'],
    ['TRUST_PROXY', '10.0.0.1,', 'addresses or networks'],
    ['TRUST_PROXY', '10.0.0', 'addresses or networks'],
    ['METRICS_PORT', 'yes', 'a port number'],
    ['MACHINES_PER_USER', '0', 'a number from 1'],
    ['RATE_LIMITS', '-1', 'a number from 0'],
    ['PUBLIC_URL', 'hermit.example.org', 'an address like https://'],
    ['OIDC_ISSUER', 'http://id.example.org', 'the address of an OpenID Connect provider'],
    ['OIDC_REGISTRATION', 'maybe', 'one of open, closed'],
    ['AUDIT_DAYS', '0', 'a number of days'],
  ])('of %s (%s) is named, with what was expected', (variable, value, expected) => {
    const error = problems({ [variable]: value });
    expect(error.problems).toHaveLength(1);
    expect(error.message).toMatch(new RegExp(`^${variable} must be ${expected}`));
    expect(error.message).toContain(`not "${value}"`);
  });

  it.each([
    ['JWT_SECRET', 'short-and-s3cret'],
    ['JWT_SECRET', `${SECRET},s3cret`],
    ['DATABASE_URL', 'mysql://u:s3cret@h/d'],
    ['DATABASE_URL', 'postgres://u:s3cret@h:port/d'],
    ['DATABASE_URL', 'postgres://u:s3cret@h:99999/d'],
    ['DATABASE_URL', 'postgres://u:s3cret%@h/d'],
    ['DATABASE_URL', 'postgres://u:s3c@s3cret@h/d'],
    ['REDIS_URL', 'http://:s3cret@h'],
    ['REDIS_URL', 'redis://:s3cret@'],
    ['REDIS_URL', 'redis://:s3cret@h:port'],
    ['REDIS_URL', 'redis://a,redis://:s3cret@h:99999'],
  ])('of %s is not repeated', (variable, value) => {
    const error = problems({ ...clustered, [variable]: value });
    expect(error.message).toMatch(new RegExp(`^${variable} must be `));
    expect(error.message).not.toContain('s3cret');
  });

  it('is reported with all the others', () => {
    expect(problems({ PORT: 'x', LOG_LEVEL: 'y' }).problems.map((p) => p.variable)).toEqual(['PORT', 'LOG_LEVEL']);
  });
});

describe('a secret from a file', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'hermit-config-'));
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  it('is read without the line end an editor leaves', () => {
    const file = join(dir, 'secret');
    writeFileSync(file, `${SECRET}\n`);
    expect(readConfig({ JWT_SECRET_FILE: file }).jwtSecrets).toEqual([SECRET]);
  });

  it('is refused beside the value itself', () => {
    const error = problems({ JWT_SECRET: SECRET, JWT_SECRET_FILE: join(dir, 'secret') });
    expect(error.message).toBe('JWT_SECRET and JWT_SECRET_FILE exclude each other: set one');
  });

  it('that is not there is named', () => {
    const error = problems({ DATABASE_URL_FILE: join(dir, 'nothing') });
    expect(error.message).toMatch(/^DATABASE_URL_FILE must be a file that can be read, not ".*nothing" \(ENOENT\)$/);
  });
});

describe('trusted proxies', () => {
  it.each([
    [undefined, false],
    ['false', false],
    ['10.0.0.0/8, ::1', ['10.0.0.0/8', '::1']],
    ['fd00::/8,loopback', ['fd00::/8', 'loopback']],
  ])('%s', (value, expected) => {
    expect(readConfig({ TRUST_PROXY: value }).trustProxy).toEqual(expected);
  });
});

it('names two pods of one host differently, fit for a key', () => {
  const [a, b] = [readConfig({}).podId, readConfig({}).podId];
  expect(a).not.toBe(b);
  expect(a).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/);
});
