// Sign in, or make an account where the relay takes any.

import type { Tokens } from '@hermit/client';
import { HermitError } from '@hermit/protocol';
import { useSignal } from '@preact/signals';
import type { JSX, TargetedSubmitEvent } from 'preact';
import { post, signedIn, signedOutBecause } from '../relay/account.ts';
import { Shell } from '../ui/icons.tsx';

export function SignIn(): JSX.Element {
  const making = useSignal(false);
  const busy = useSignal(false);
  const trouble = useSignal<string | null>(null);

  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const credentials = { email: String(form.get('email')).trim(), password: String(form.get('password')) };
    busy.value = true;
    trouble.value = null;
    try {
      await signedIn(await post<Tokens>(making.value ? '/auth/register' : '/auth/login', credentials));
    } catch (error) {
      trouble.value = error instanceof HermitError ? error.message : 'Something failed; try again.';
    } finally {
      busy.value = false;
    }
  };

  const create = making.value;
  return (
    <main class="door" id="main">
      <form class="door-card" onSubmit={submit}>
        <Shell />
        <h1>{create ? 'Make an account' : 'Sign in to Hermit'}</h1>
        <p class="door-say">Terminals on your own machines, from anywhere.</p>
        {signedOutBecause.value && <p class="trouble">{signedOutBecause.value}</p>}
        <label>
          E-mail
          <input name="email" type="text" inputMode="email" autoComplete="username" autoCapitalize="off" required />
        </label>
        <label>
          Password
          <input
            name="password"
            type="password"
            autoComplete={create ? 'new-password' : 'current-password'}
            minLength={create ? 8 : 1}
            maxLength={1024}
            required
          />
        </label>
        {create && <p class="hint">At least 8 characters.</p>}
        <p class="trouble" role="alert">
          {trouble.value}
        </p>
        <button type="submit" class="primary" disabled={busy.value}>
          {busy.value ? 'A moment…' : create ? 'Make the account' : 'Sign in'}
        </button>
        <button
          type="button"
          class="link"
          onClick={() => {
            making.value = !create;
            trouble.value = null;
          }}
        >
          {create ? 'I have an account' : 'Make an account'}
        </button>
      </form>
    </main>
  );
}
