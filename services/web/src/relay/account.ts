// Who is signed in at this browser, and the relay as they see it.
import type { Tokens } from '@hermit/client';
import { HermitError } from '@hermit/protocol';
import { batch, signal } from '@preact/signals';
import { go } from '../router.ts';
import { closeAllTabs, tabsFor } from '../tabs.ts';
import { Relay } from './relay.ts';
import { BrowserTokenStore, keptTokens, onLoginChange } from './token-store.ts';

export const user = signal<Tokens['user'] | null>(null);
export const relay = signal<Relay | null>(null);
/** Why somebody is asked to sign in again. */
export const signedOutBecause = signal<string | null>(null);

const store = new BrowserTokenStore();

/** Takes up what is kept of an earlier visit. Called once. */
export function resumeLogin(): void {
  onLoginChange(() => {
    const tokens = keptTokens();
    // Signed out in another tab of the browser: here as well, with all that is open.
    if (!tokens && user.peek()) leave();
    adopt(tokens);
  });
  adopt(keptTokens());
}

export async function signedIn(tokens: Tokens): Promise<void> {
  await store.change(async () => tokens);
  adopt(tokens);
}

export async function signOut(): Promise<void> {
  leave();
  await relay.value?.client.login.end();
  adopt(null);
}

function leave(): void {
  closeAllTabs();
  go('/');
}

/** The answer of a route of ours, or a HermitError. For what `RelayApi` does not know. */
export async function post<T>(path: string, body: object, accessToken?: string): Promise<T> {
  return call('POST', path, body, accessToken);
}

export async function call<T>(method: string, path: string, body?: object, accessToken?: string): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: {
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...(accessToken ? { authorization: `Bearer ${accessToken}` } : {}),
      },
      signal: AbortSignal.timeout(15_000),
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  } catch {
    throw new HermitError('UNAVAILABLE', 'The relay cannot be reached. Try again.');
  }
  const answer = (await response.json().catch(() => undefined)) as { code?: string; message?: string } | undefined;
  if (response.ok) return answer as T;
  throw new HermitError(
    (answer?.code ?? 'UNAVAILABLE') as HermitError['code'],
    answer?.message ?? `The relay answered ${response.status}.`,
  );
}

function adopt(tokens: Tokens | null): void {
  if (tokens && relay.value && user.value?.id === tokens.user.id) return;
  const before = relay.value;
  if (tokens) tabsFor(tokens.user.id);
  batch(() => {
    user.value = tokens?.user ?? null;
    relay.value = null;
  });
  before?.close();
  if (!tokens) return;
  const opened = new Relay();
  opened.client.connection.listen({
    state(state) {
      if (state.name !== 'closed' || relay.value !== opened) return;
      // The login has ended elsewhere; whatever else closes for good says why on the sign-in page, too.
      if (state.error.code !== 'UNAVAILABLE') void store.change(async () => null);
      signedOutBecause.value =
        state.error.code === 'NOT_AUTHENTICATED' ? 'Your sign-in has ended.' : state.error.message;
      adopt(null);
    },
  });
  batch(() => {
    signedOutBecause.value = null;
    relay.value = opened;
  });
}
