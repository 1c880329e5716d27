// The keys that sign and verify tokens: several at a time, so that a secret can be replaced without logging anyone out.
import { createHash } from 'node:crypto';

type TokenKey = {
  /** Names the key in a token's header. Derived from the secret, so that every pod names it alike. */
  readonly kid: string;
  readonly bytes: Uint8Array;
};

export type TokenKeys = {
  /** Signs every new token. */
  readonly signing: TokenKey;
  /** The keys that may have signed a token with this `kid`: one, none, or all of them for a token without `kid`. */
  candidates(kid: string | undefined): readonly TokenKey[];
};

/** Keys from the secrets of JWT_SECRET; the first one signs. To replace a secret, put the new one before it. */
export function createTokenKeys(secrets: readonly string[]): TokenKeys {
  const keys = secrets.map((secret): TokenKey => {
    const kid = createHash('sha256').update(`hermit-kid:${secret}`).digest('base64url').slice(0, 8);
    return { kid, bytes: new TextEncoder().encode(secret) };
  });
  const [signing] = keys;
  if (signing === undefined) throw new RangeError('no secret to sign tokens with');
  return {
    signing,
    candidates: (kid) => (kid === undefined ? keys : keys.filter((key) => key.kid === kid)),
  };
}
