// Tokens that are accepted, and every kind that is not.
import { createHmac, randomUUID } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { createTokenKeys } from './token-keys.ts';
import { ACCESS_SECONDS, createTokens, REFRESH_SECONDS } from './tokens.ts';

const SECRET = 'the-secret-that-signs-now-32-characters';
const OLD = 'the-secret-that-signed-before-32-characters';
const START = 1_800_000_000_000;
const user = { userId: randomUUID(), email: 'ada@example.org', loginId: randomUUID() };

function at(ms: number, ...secrets: string[]) {
  return createTokens(createTokenKeys(secrets.length > 0 ? secrets : [SECRET]), () => START + ms);
}
const bytes = (secret: string) => new TextEncoder().encode(secret);
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const claims = (over: Record<string, unknown> = {}) => ({
  sub: user.userId,
  email: user.email,
  iss: 'hermit-relay',
  aud: 'hermit-client',
  iat: START / 1000,
  exp: START / 1000 + 60,
  ...over,
});
const forged = (over: Record<string, unknown>, secret = SECRET, alg = 'HS256') =>
  new SignJWT(claims(over)).setProtectedHeader({ alg }).sign(bytes(secret));

describe('an access token', () => {
  it('says who calls, from which login, and until when', async () => {
    const token = await at(0).signAccess(user);
    expect(await at(0).verifyAccess(token)).toEqual({ ...user, expiresAt: START + ACCESS_SECONDS * 1000 });
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'HS256' });
    expect(decodeJwt(token)).toMatchObject({ iss: 'hermit-relay', aud: 'hermit-client', sub: user.userId });
    expect(decodeJwt(token).exp).toBe(START / 1000 + 15 * 60);
  });

  it('lives for 15 minutes and no longer', async () => {
    const token = await at(0).signAccess(user);
    await expect(at(ACCESS_SECONDS * 1000 - 1000).verifyAccess(token)).resolves.toMatchObject({ userId: user.userId });
    await expect(at(ACCESS_SECONDS * 1000).verifyAccess(token)).rejects.toMatchObject({
      code: 'INVALID_TOKEN',
      message: 'The token has expired.',
    });
  });

  it('is accepted without a key id, from whoever knows the secret', async () => {
    await expect(at(0, OLD, SECRET).verifyAccess(await forged({}))).resolves.toMatchObject({ loginId: null });
  });

  const refused: [string, () => Promise<string>][] = [
    ['a wrong audience', () => forged({ aud: 'somebody-else' })],
    ['no audience', () => forged({ aud: undefined })],
    ['a wrong issuer', () => forged({ iss: 'somebody-else' })],
    ['no end', () => forged({ exp: undefined })],
    ['no subject', () => forged({ sub: undefined })],
    ['a subject that is no user', () => forged({ sub: "'; DROP TABLE users; --" })],
    ['no e-mail', () => forged({ email: undefined })],
    ['a start in the future', () => forged({ nbf: START / 1000 + 30 })],
    ['another secret', () => forged({}, 'a-secret-that-nobody-configured-here')],
    ['another algorithm', () => forged({}, SECRET.repeat(2), 'HS512')],
    ['another algorithm with the right secret', () => forged({}, SECRET, 'HS512')],
    ['a type of its own', () => forged({ type: 'device' })],
    ['alg none', async () => `${part({ alg: 'none', typ: 'JWT' })}.${part(claims())}.`],
    [
      'alg none with a signature',
      async () => {
        const head = `${part({ alg: 'none' })}.${part(claims())}`;
        return `${head}.${createHmac('sha256', SECRET).update(head).digest('base64url')}`;
      },
    ],
    ['the key id of nobody', async () => `${part({ alg: 'HS256', kid: 'nobody' })}.${part(claims())}.xxxx`],
    ['a refresh token', async () => (await at(0).signRefresh(user)).token],
    [
      'a changed payload',
      async () => {
        const [head, , signature] = (await at(0).signAccess(user)).split('.');
        return `${head}.${part(claims({ sub: randomUUID() }))}.${signature}`;
      },
    ],
    ['nothing', async () => ''],
    ['no token at all', async () => 'hello'],
    ['three dots of nothing', async () => '...'],
  ];
  it.each(refused)('is refused with %s', async (_, make) => {
    const token = await make();
    await expect(at(0).verifyAccess(token)).rejects.toMatchObject({ name: 'HermitError', code: 'INVALID_TOKEN' });
  });
});

describe('a refresh token', () => {
  it('says which one it is, and lives for 7 days', async () => {
    const { token, claims } = await at(0).signRefresh(user);
    expect(claims).toMatchObject({
      userId: user.userId,
      loginId: user.loginId,
      expiresAt: START + REFRESH_SECONDS * 1000,
    });
    expect(await at(REFRESH_SECONDS * 1000 - 1000).verifyRefresh(token)).toEqual(claims);
    await expect(at(REFRESH_SECONDS * 1000).verifyRefresh(token)).rejects.toMatchObject({ code: 'INVALID_TOKEN' });
    expect(decodeJwt(token)).toMatchObject({ type: 'refresh' });
  });

  it('is never the same twice', async () => {
    const [a, b] = await Promise.all([at(0).signRefresh(user), at(0).signRefresh(user)]);
    expect(a.token).not.toBe(b.token);
  });

  it('is not an access token', async () => {
    await expect(at(0).verifyRefresh(await at(0).signAccess(user))).rejects.toMatchObject({ code: 'INVALID_TOKEN' });
  });
});

describe('replacing the secret', () => {
  it('logs nobody out while both are configured', async () => {
    const before = await at(0, OLD).signAccess(user);
    await expect(at(0, SECRET, OLD).verifyAccess(before)).resolves.toMatchObject(user);
    const after = await at(0, SECRET, OLD).signAccess(user);
    await expect(at(0, SECRET).verifyAccess(after)).resolves.toMatchObject(user);
  });

  it('names the key that signed, alike on every pod, and never the secret', async () => {
    const kid = async (...secrets: string[]) => decodeProtectedHeader(await at(0, ...secrets).signAccess(user)).kid;
    expect(await kid(SECRET, OLD)).toBe(await kid(SECRET));
    expect(await kid(OLD, SECRET)).not.toBe(await kid(SECRET, OLD));
    expect(await kid(SECRET)).toMatch(/^[\w-]{8}$/);
    const { token } = await at(0, OLD).signRefresh(user);
    expect(decodeProtectedHeader(token).kid).toBe(await kid(OLD));
  });

  it('takes no token under the name of another key', async () => {
    const [, payload, signature] = (await at(0, OLD).signAccess(user)).split('.');
    const { kid } = decodeProtectedHeader(await at(0, SECRET).signAccess(user));
    const renamed = [part({ alg: 'HS256', typ: 'JWT', kid }), payload, signature].join('.');
    await expect(at(0, SECRET, OLD).verifyAccess(renamed)).rejects.toMatchObject({ code: 'INVALID_TOKEN' });
  });

  it('ends what the old one signed once it is gone', async () => {
    const before = await at(0, OLD).signAccess(user);
    await expect(at(0, SECRET).verifyAccess(before)).rejects.toMatchObject({ code: 'INVALID_TOKEN' });
  });

  it('needs at least one', () => {
    expect(() => createTokenKeys([])).toThrow(RangeError);
  });
});
