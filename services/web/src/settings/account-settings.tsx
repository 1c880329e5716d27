// What concerns the account and not this device: the password, and where one is signed in.
import { useSignal } from '@preact/signals';
import type { JSX, TargetedSubmitEvent } from 'preact';
import { useEffect } from 'preact/hooks';
import { call, user } from '../relay/account.ts';
import type { Relay } from '../relay/relay.ts';
import { ago, until } from '../ui/ages.ts';
import { notify } from '../ui/notices.tsx';

type Login = {
  id: string;
  createdAt: number;
  lastUsedAt: number;
  client: string;
  address: string;
  current: boolean;
};

export function AccountSettings({ relay }: { relay: Relay }): JSX.Element {
  const logins = useSignal<readonly Login[] | null>(null);
  const trouble = useSignal<string | null>(null);
  const ask = async <T,>(method: string, path: string, body?: object) =>
    call<T>(method, path, body, await relay.client.accessToken());
  const look = async () => {
    try {
      logins.value = (await ask<{ logins: Login[] }>('GET', '/api/logins')).logins;
    } catch (error) {
      trouble.value = (error as Error).message;
    }
  };
  useEffect(() => void look(), []);

  const end = async (id: string) => {
    trouble.value = null;
    await ask('DELETE', `/api/logins/${id}`).catch((error: Error) => {
      trouble.value = error.message;
    });
    await look();
  };
  return (
    <section class="group" aria-labelledby="account-heading">
      <h2 id="account-heading">
        Account <span class="hint">{user.value?.email}</span>
      </h2>
      <ChangePassword change={(body) => ask('POST', '/api/password', body)} changed={() => void look()} />
      <h3>Where you are signed in</h3>
      <ul class="shares" aria-label="Where you are signed in">
        {logins.value?.map(({ id, client, address, lastUsedAt, createdAt, current }) => (
          <li key={id}>
            <span class="share-who">{programOf(client)}</span>
            <span class="hint">
              {address} · since {until(createdAt)} · {current ? 'this one' : `used ${ago(lastUsedAt)}`}
            </span>
            {!current && (
              <button
                type="button"
                class="small"
                aria-label={`Sign out ${programOf(client)}, since ${until(createdAt)}`}
                onClick={() => end(id)}
              >
                Sign out
              </button>
            )}
          </li>
        ))}
      </ul>
      <p class="trouble" role="alert">
        {trouble.value}
      </p>
    </section>
  );
}

type ChangeProps = { change(body: { current: string; next: string }): Promise<unknown>; changed(): void };

function ChangePassword({ change, changed }: ChangeProps): JSX.Element {
  const busy = useSignal(false);
  const trouble = useSignal<string | null>(null);
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    busy.value = true;
    trouble.value = null;
    try {
      await change({ current: String(data.get('current')), next: String(data.get('next')) });
      form.reset();
      notify('The password is changed; you are signed out everywhere else.');
      changed();
    } catch (error) {
      trouble.value = (error as Error).message;
    } finally {
      busy.value = false;
    }
  };
  return (
    <details class="fold">
      <summary>Change the password</summary>
      <form onSubmit={submit}>
        {/* For the browser's own keeper of passwords. */}
        <input type="hidden" name="username" autoComplete="username" value={user.value?.email ?? ''} />
        <label>
          Present password
          <input name="current" type="password" autoComplete="current-password" maxLength={1024} required />
        </label>
        <label>
          New password <span class="hint">at least 8 characters</span>
          <input name="next" type="password" autoComplete="new-password" minLength={8} maxLength={1024} required />
        </label>
        <p class="trouble" role="alert">
          {trouble.value}
        </p>
        <button type="submit" disabled={busy.value}>
          Change the password
        </button>
      </form>
    </details>
  );
}

/** A browser says much of itself; its name and its system are what people know it by. */
function programOf(client: string): string {
  if (!client.startsWith('Mozilla/')) return client || 'An unknown program';
  const browser =
    /(Firefox|Edg|OPR|Chrome|Safari)\//.exec(client.replace(/^.*(?=(Edg|OPR)\/)/, ''))?.[1] ?? 'A browser';
  const system = /Android|iPhone|iPad|Windows|Mac OS X|Linux/.exec(client)?.[0];
  const name = { Edg: 'Edge', OPR: 'Opera' }[browser] ?? browser;
  return system ? `${name} on ${system.replace('Mac OS X', 'macOS')}` : name;
}
