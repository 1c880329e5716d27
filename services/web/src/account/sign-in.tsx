// Sign in, or make an account: by the ways that this relay says are open.

import type { Tokens } from '@hermit/client';
import { HermitError } from '@hermit/protocol';
import { useSignal } from '@preact/signals';
import type { JSX, TargetedSubmitEvent } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { call, post, signedIn, signedOutBecause } from '../relay/account.ts';
import { isTouch } from '../settings/settings.ts';
import { Shell } from '../ui/icons.tsx';
import { keepWantedPage } from './wanted-page.ts';

type Methods = { registration: 'open' | 'invite' | 'closed'; singleSignOn: boolean };

/** What is offered to somebody whom the relay did not tell: it says itself what it does not take. */
const UNKNOWN: Methods = { registration: 'open', singleSignOn: false };

export function SignIn(): JSX.Element {
  const methods = useSignal<Methods | null>(null);
  const making = useSignal(false);
  const busy = useSignal(false);
  const trouble = useSignal<string | null>(null);
  const email = useRef<HTMLInputElement>(null);
  useEffect(() => {
    // A phone's keyboard would cover what one has not seen yet.
    if (!isTouch) email.current?.focus();
    call<Methods>('GET', '/auth/methods').then(
      (told) => {
        methods.value = told;
      },
      () => {
        methods.value = UNKNOWN;
      },
    );
  }, []);

  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? '').trim();
    const credentials = { email: text('email'), password: String(form.get('password')) };
    const invite = text('invite');
    busy.value = true;
    trouble.value = null;
    try {
      const path = making.value ? '/auth/register' : '/auth/login';
      await signedIn(await post<Tokens>(path, invite === '' ? credentials : { ...credentials, invite }));
    } catch (error) {
      trouble.value = error instanceof HermitError ? error.message : 'Something failed; try again.';
    } finally {
      busy.value = false;
    }
  };

  const create = making.value;
  const { registration, singleSignOn } = methods.value ?? { registration: 'closed', singleSignOn: false };
  return (
    <main class="door" id="main">
      <form class="door-card" onSubmit={submit}>
        <Shell />
        <h1>{create ? 'Make an account' : 'Sign in to Hermit'}</h1>
        <p class="door-say">Terminals on your own machines, from anywhere.</p>
        {signedOutBecause.value && <p class="trouble">{signedOutBecause.value}</p>}
        {create && registration === 'invite' && (
          <label>
            Invitation <span class="hint">as the administrator gave it to you</span>
            <input name="invite" class="mono" autoComplete="off" autoCapitalize="off" spellcheck={false} required />
          </label>
        )}
        <label>
          E-mail
          <input
            name="email"
            type="text"
            inputMode="email"
            autoComplete="username"
            autoCapitalize="off"
            ref={email}
            required
          />
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
        {singleSignOn && (
          <a class="button" href="/auth/sso" onClick={keepWantedPage}>
            Use single sign-on
          </a>
        )}
        {registration !== 'closed' && (
          <button
            type="button"
            class="link"
            onClick={() => {
              making.value = !create;
              trouble.value = null;
              email.current?.focus();
            }}
          >
            {create ? 'I have an account' : registration === 'invite' ? 'I have an invitation' : 'Make an account'}
          </button>
        )}
      </form>
    </main>
  );
}
