// What a browser carries while it is away at a provider of single sign-on: signed, so that nobody makes one up.
import { HermitError } from '@hermit/protocol';
import { jwtVerify, SignJWT } from 'jose';
import type { TokenKeys } from './token-keys.ts';
import { ISSUER } from './tokens.ts';

/** Of its own, so that it never passes as a token of another kind. */
const AUDIENCE = 'hermit-sign-on';
/** Life of an attempt, in seconds: time to log in at the provider. */
export const ATTEMPT_SECONDS = 10 * 60;

export type SignOnAttempt = {
  /** Secrets of this attempt: PKCE verifier, state and nonce. */
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
  /** To join the identity to this user's account, from this login; null: to log in. */
  readonly link: { readonly userId: string; readonly loginId: string | null } | null;
};

export type SignOnAttempts = ReturnType<typeof createSignOnAttempts>;

export function createSignOnAttempts(keys: TokenKeys) {
  return {
    sign: (attempt: SignOnAttempt): Promise<string> =>
      new SignJWT({ ...attempt })
        .setProtectedHeader({ alg: 'HS256', kid: keys.signing.kid })
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setIssuedAt()
        .setExpirationTime(`${ATTEMPT_SECONDS} s`)
        .sign(keys.signing.bytes),

    /** Throws INVALID_TOKEN. */
    async verify(token: string): Promise<SignOnAttempt> {
      for (const key of keys.candidates(undefined)) {
        try {
          const { payload } = await jwtVerify(token, key.bytes, {
            algorithms: ['HS256'],
            issuer: ISSUER,
            audience: AUDIENCE,
            requiredClaims: ['exp'],
          });
          // Signed by us: it has the shape that we gave it.
          return payload as unknown as SignOnAttempt;
        } catch {
          // Perhaps by another key.
        }
      }
      throw new HermitError('INVALID_TOKEN', 'This attempt to log in is too old, or was begun in another browser.');
    },
  };
}
