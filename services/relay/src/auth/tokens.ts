// Access and refresh tokens: signed, short-lived statements about who is calling.
import { randomUUID } from 'node:crypto';
import { HermitError, isUuid } from '@hermit/protocol';
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import type { TokenKeys } from './token-keys.ts';

export const ISSUER = 'hermit-relay';
const AUDIENCE = 'hermit-client';
/** Life of an access token, in seconds. */
export const ACCESS_SECONDS = 15 * 60;
/** Life of a refresh token, in seconds. */
export const REFRESH_SECONDS = 7 * 24 * 3600;

/** Who is calling, as an access token says it. */
export type Caller = {
  readonly userId: string;
  readonly email: string;
  /** The login this token came from; null for a token that names none. It ends with its login. */
  readonly loginId: string | null;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
};

export type RefreshClaims = {
  /** Unique for each token. */
  readonly id: string;
  readonly userId: string;
  readonly loginId: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
};

export type Tokens = ReturnType<typeof createTokens>;

/** `now` is in milliseconds since 1970. Every `verify…` throws INVALID_TOKEN and says why. */
export function createTokens(keys: TokenKeys, now: () => number = Date.now) {
  function sign(claims: JWTPayload, userId: string, expiresAt: number): Promise<string> {
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: keys.signing.kid })
      .setSubject(userId)
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setIssuedAt(seconds(now()))
      .setExpirationTime(seconds(expiresAt))
      .sign(keys.signing.bytes);
  }

  async function verify(token: string): Promise<JWTPayload & { sub: string; exp: number }> {
    const candidates = keys.candidates(kidOf(token));
    let refused: unknown = new HermitError('INVALID_TOKEN', 'The token is signed with a key that is not in use.');
    for (const key of candidates) {
      try {
        const { payload } = await jwtVerify(token, key.bytes, {
          algorithms: ['HS256'],
          issuer: ISSUER,
          audience: AUDIENCE,
          requiredClaims: ['sub', 'exp', 'iat'],
          currentDate: new Date(now()),
        });
        if (!isUuid(String(payload.sub))) throw new HermitError('INVALID_TOKEN', 'The token names no user.');
        return payload as JWTPayload & { sub: string; exp: number };
      } catch (error) {
        refused = error;
        // Another key can only help where the signature did not fit this one.
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) break;
      }
    }
    throw refusal(refused);
  }

  return {
    async signAccess(of: { userId: string; email: string; loginId: string }): Promise<string> {
      return sign({ email: of.email, sid: of.loginId }, of.userId, now() + ACCESS_SECONDS * 1000);
    },

    async signRefresh(of: { userId: string; loginId: string }): Promise<{ token: string; claims: RefreshClaims }> {
      const { userId, loginId } = of;
      const id = randomUUID();
      const expiresAt = seconds(now() + REFRESH_SECONDS * 1000) * 1000;
      const token = await sign({ type: 'refresh', jti: id, sid: loginId }, userId, expiresAt);
      return { token, claims: { id, userId, loginId, expiresAt } };
    },

    /** Refuses refresh tokens: whatever says that it is of another type is not an access token. */
    async verifyAccess(token: string): Promise<Caller> {
      const { sub, email, sid, type, exp } = await verify(token);
      if (type !== undefined || typeof email !== 'string') {
        throw new HermitError('INVALID_TOKEN', 'This is not an access token.');
      }
      return { userId: sub, email, loginId: typeof sid === 'string' ? sid : null, expiresAt: exp * 1000 };
    },

    async verifyRefresh(token: string): Promise<RefreshClaims> {
      const { sub, sid, jti, type, exp } = await verify(token);
      if (type !== 'refresh' || !isUuid(String(jti)) || !isUuid(String(sid))) {
        throw new HermitError('INVALID_TOKEN', 'This is not a refresh token.');
      }
      return { id: String(jti), userId: sub, loginId: String(sid), expiresAt: exp * 1000 };
    },
  };
}

const seconds = (ms: number) => Math.floor(ms / 1000);

function kidOf(token: string): string | undefined {
  try {
    const { kid } = decodeProtectedHeader(token);
    return typeof kid === 'string' ? kid : undefined;
  } catch (error) {
    throw refusal(error);
  }
}

/** What went wrong, in a sentence that repeats nothing of the token. */
function refusal(error: unknown): HermitError {
  if (error instanceof HermitError) return error;
  if (error instanceof errors.JWTExpired) return new HermitError('INVALID_TOKEN', 'The token has expired.');
  if (error instanceof errors.JWTClaimValidationFailed) {
    return new HermitError('INVALID_TOKEN', `The token is not meant for this relay (${error.claim}).`);
  }
  return new HermitError('INVALID_TOKEN', 'The token is malformed, or its signature is wrong.');
}
