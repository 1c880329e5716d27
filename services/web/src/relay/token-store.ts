// Where this browser keeps its login: shared by all tabs, changed by one at a time.
import type { TokenStore, Tokens } from '@hermit/client';

const KEY = 'hermit.login';
const LOCK = 'hermit.login';

/**
 * Tabs take turns by a lock of the browser. Pages that were not loaded over a secure connection have no locks: there
 * two tabs that refresh in the same instant may end the login, and the person signs in again.
 */
export class BrowserTokenStore implements TokenStore {
  private turn: Promise<unknown> = Promise.resolve();

  async read(): Promise<Tokens | null> {
    return keptTokens();
  }

  change(run: (present: Tokens | null) => Promise<Tokens | null>): Promise<Tokens | null> {
    return this.alone(async () => {
      const changed = await run(keptTokens());
      if (changed === null) localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, JSON.stringify(changed));
      return changed;
    });
  }

  private alone<T>(run: () => Promise<T>): Promise<T> {
    if (navigator.locks) return navigator.locks.request(LOCK, run) as Promise<T>;
    const mine = this.turn.then(run, run);
    this.turn = mine.catch(() => undefined);
    return mine;
  }
}

export function keptTokens(): Tokens | null {
  try {
    const value = JSON.parse(localStorage.getItem(KEY) ?? 'null') as Partial<Tokens> | null;
    if (typeof value?.accessToken !== 'string' || typeof value.refreshToken !== 'string') return null;
    return typeof value.user?.email === 'string' ? (value as Tokens) : null;
  } catch {
    return null;
  }
}

/** Another tab signed in or out. Returns what ends the listening. */
export function onLoginChange(run: () => void): () => void {
  const listener = (event: StorageEvent) => {
    if (event.key === KEY || event.key === null) run();
  };
  addEventListener('storage', listener);
  return () => removeEventListener('storage', listener);
}
