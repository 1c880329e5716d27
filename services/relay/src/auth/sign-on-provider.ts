// A provider of single sign-on (OpenID Connect): where it wants people to log in, and who it says came back.
import { HermitError } from '@hermit/protocol';
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type Configuration,
  calculatePKCECodeChallenge,
  discovery,
  fetchUserInfo,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import type { SignOnAttempt } from './sign-on-attempt.ts';

type SignOnSettings = {
  /** The provider's address, as it calls itself. */
  issuer: string;
  clientId: string;
  clientSecret: string | undefined;
  scopes: string;
};

/** What the provider vouches for. `emailVerified`: that the address is this person's. */
type SignOnClaims = {
  readonly issuer: string;
  readonly subject: string;
  readonly email: string | null;
  readonly emailVerified: boolean;
};

/** Seconds that the provider has for one answer. */
const TIMEOUT = 8;
/** Milliseconds for which its description is good; its keys are asked for when they change. */
const GOOD_FOR = 3_600_000;

export type SignOnProvider = ReturnType<typeof createSignOnProvider>;

/** Methods reject with UNAVAILABLE while the provider cannot be reached. */
export function createSignOnProvider(settings: SignOnSettings, now: () => number = Date.now) {
  let found: { at: number; configuration: Promise<Configuration> } | undefined;

  async function configuration(): Promise<Configuration> {
    if (found === undefined || now() - found.at > GOOD_FOR) {
      const issuer = new URL(settings.issuer);
      // Plain HTTP is for a provider on this very machine; configuration allows no other.
      const execute = issuer.protocol === 'http:' ? [allowInsecureRequests] : [];
      const options = { execute, timeout: TIMEOUT };
      found = {
        at: now(),
        configuration: discovery(issuer, settings.clientId, settings.clientSecret, undefined, options),
      };
    }
    try {
      return await found.configuration;
    } catch (cause) {
      found = undefined;
      throw unavailable(cause);
    }
  }

  return {
    /** Where to send the browser, and what has to come back with it. */
    async begin(redirectUri: string): Promise<{ url: URL } & Omit<SignOnAttempt, 'link'>> {
      const at = await configuration();
      const [verifier, state, nonce] = [randomPKCECodeVerifier(), randomState(), randomNonce()];
      const url = buildAuthorizationUrl(at, {
        redirect_uri: redirectUri,
        scope: settings.scopes,
        code_challenge: await calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
      });
      return { url, verifier, state, nonce };
    },

    /** `answer`: the address that the browser came back to. Throws INVALID_CREDENTIALS where the provider said no. */
    async finish(answer: URL, attempt: Omit<SignOnAttempt, 'link'>): Promise<SignOnClaims> {
      const at = await configuration();
      try {
        const tokens = await authorizationCodeGrant(at, answer, {
          pkceCodeVerifier: attempt.verifier,
          expectedState: attempt.state,
          expectedNonce: attempt.nonce,
          idTokenExpected: true,
        });
        const claims = tokens.claims();
        if (claims === undefined) throw new Error('the provider sent no identity');
        const { iss, sub } = claims;
        // Some providers tell the address with the identity, others only when they are asked.
        const told = claims.email === undefined && at.serverMetadata().userinfo_endpoint !== undefined;
        const { email, email_verified } = told ? await fetchUserInfo(at, tokens.access_token, sub) : claims;
        return {
          issuer: iss,
          subject: sub,
          email: typeof email === 'string' ? email : null,
          emailVerified: email_verified === true,
        };
      } catch (cause) {
        if (isTransport(cause)) throw unavailable(cause);
        // What the provider says of its reasons is for its log, and may hold what nobody else should read.
        const error = new HermitError('INVALID_CREDENTIALS', 'The provider of single sign-on did not let you in.');
        error.cause = cause;
        throw error;
      }
    },
  };
}

function isTransport(error: unknown): boolean {
  const { code, name } = error as { code?: string; name?: string };
  return name === 'TypeError' || code === 'OAUTH_TIMEOUT' || code === 'OAUTH_RESPONSE_IS_NOT_CONFORM';
}

function unavailable(cause: unknown): HermitError {
  const error = new HermitError('UNAVAILABLE', 'The provider of single sign-on cannot be reached; try again.');
  error.cause = cause;
  return error;
}
