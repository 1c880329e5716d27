// The login of one user at one relay: keeps access tokens fresh, by refresh tokens that work once each.
import { HermitError } from '@hermit/protocol';
import type { Clock } from '@hermit/transport';
import type { RelayApi, Tokens } from './relay-api.ts';

/** Where the tokens of one relay are kept; shared with other processes or tabs. */
export interface TokenStore {
  read(): Promise<Tokens | null>;
  /**
   * Runs alone among all that share the store, with what is in it now, and writes what is returned before anybody
   * else has a turn: a refresh token that is used twice ends the login.
   */
  change(run: (present: Tokens | null) => Promise<Tokens | null>): Promise<Tokens | null>;
}

/** A token that ends sooner than this is not worth sending, milliseconds. */
const SPARE_MS = 30_000;

export class Login {
  private readonly api: RelayApi;
  private readonly store: TokenStore;
  private readonly clock: Pick<Clock, 'now'>;

  constructor(api: RelayApi, store: TokenStore, clock: Pick<Clock, 'now'>) {
    this.api = api;
    this.store = store;
    this.clock = clock;
  }

  async withPassword(email: string, password: string): Promise<Tokens> {
    const tokens = await this.api.login(email, password);
    await this.store.change(async () => tokens);
    return tokens;
  }

  /** What a device got that somebody has approved. */
  async withTokens({ user, accessToken, refreshToken }: Tokens): Promise<void> {
    await this.store.change(async () => ({ user, accessToken, refreshToken }));
  }

  /** Forgets the tokens, and tells the relay; what cannot be told (it is away) is forgotten all the same. */
  async end(): Promise<{ was: Tokens | null; told: boolean }> {
    let was: Tokens | null = null;
    let told = true;
    await this.store.change(async (present) => {
      was = present;
      if (present)
        await this.api.logout(present.refreshToken).catch((error: unknown) => {
          told = error instanceof HermitError && error.code === 'INVALID_TOKEN';
        });
      return null;
    });
    return { was, told };
  }

  /**
   * An access token other than `not`, with some life left. Null: nobody is logged in, or no longer. Throws
   * UNAVAILABLE when it needs the relay, which cannot be reached.
   */
  async accessToken(not: string | null = null): Promise<string | null> {
    const good = ({ accessToken }: Tokens) => accessToken !== not && this.lives(accessToken);
    const kept = await this.store.read();
    if (kept === null || good(kept)) return kept?.accessToken ?? null;
    const changed = await this.store.change(async (present) => {
      if (present === null || good(present)) return present; // another process was faster
      try {
        return await this.api.refresh(present.refreshToken);
      } catch (error) {
        if (error instanceof HermitError && error.code === 'INVALID_TOKEN') return null;
        throw error;
      }
    });
    return changed?.accessToken ?? null;
  }

  private lives(token: string): boolean {
    const end = expiryOf(token);
    return end === null || end - this.clock.now() > SPARE_MS;
  }
}

/** When a JWT ends, milliseconds since 1970; null when it does not say. */
export function expiryOf(token: string): number | null {
  try {
    const payload = (token.split('.')[1] as string).replaceAll('-', '+').replaceAll('_', '/');
    const { exp } = JSON.parse(atob(payload)) as { exp?: unknown };
    return typeof exp === 'number' ? exp * 1000 : null;
  } catch {
    return null;
  }
}
