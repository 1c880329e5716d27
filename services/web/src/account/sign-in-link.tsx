// A link that signs in once: its code is spent here, and then the person is where the link meant.
import type { Tokens } from '@hermit/client';
import { HermitError } from '@hermit/protocol';
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { openLiveShell } from '../machines/sessions.ts';
import { post, relay, signedIn, user } from '../relay/account.ts';
import { go } from '../router.ts';
import { Shell } from '../ui/icons.tsx';
import { takeWantedPage } from './wanted-page.ts';

export function SignInLink({ code, machineId }: { code: string; machineId: string | null }): JSX.Element {
  const trouble = useSignal<string | null>(null);
  const asking = useSignal(false);
  useEffect(() => {
    void begin();
  }, []);

  /**
   * Any page may lead here with a link of its own: whoever is signed in is not made somebody else without their word.
   * Where the link leads to a machine of theirs, there is nothing to ask, and its code is not needed.
   */
  const begin = async () => {
    if (user.value === null) return enter();
    const mine = (await relay.value?.client.machines().catch(() => [])) ?? [];
    if (mine.some(({ id }) => id === machineId)) await arrive();
    else asking.value = true;
  };

  const enter = async () => {
    asking.value = false;
    try {
      await signedIn(await post<Tokens>('/auth/link', { code }));
    } catch (error) {
      trouble.value = error instanceof HermitError ? error.message : 'Something failed; try again.';
      return;
    }
    await arrive();
  };

  const arrive = async () => {
    const present = relay.value;
    const wanted = takeWantedPage();
    if (!machineId || !present) {
      go(wanted ?? '/', { replace: true });
      return;
    }
    try {
      await openLiveShell(present, machineId, { replace: true });
    } catch {
      go('/', { replace: true });
    }
  };

  return (
    <main class="door" id="main">
      <div class="door-card">
        <Shell />
        {asking.value ? (
          <>
            <h1>Sign in as somebody else?</h1>
            <p>
              You are signed in as <b>{user.value?.email}</b>. This link signs you in to the account it was made for: go
              on only if you made it yourself.
            </p>
            <button type="button" class="primary" onClick={() => go('/', { replace: true })}>
              Stay as I am
            </button>
            <button type="button" onClick={() => void enter()}>
              Sign in by the link
            </button>
          </>
        ) : trouble.value === null ? (
          <h1>Signing you in…</h1>
        ) : (
          <>
            <h1>This link does not work</h1>
            <p class="trouble" role="alert">
              {trouble.value}
            </p>
            <button type="button" class="primary" onClick={() => go('/', { replace: true })}>
              {user.value ? 'To your machines' : 'Sign in'}
            </button>
          </>
        )}
      </div>
    </main>
  );
}
