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

export function SignInLink({ code, machineId }: { code: string; machineId: string | null }): JSX.Element {
  const trouble = useSignal<string | null>(null);
  useEffect(() => {
    void enter();
  }, []);

  const enter = async () => {
    try {
      await signedIn(await post<Tokens>('/auth/link', { code }));
    } catch (error) {
      trouble.value = error instanceof HermitError ? error.message : 'Something failed; try again.';
      return;
    }
    const present = relay.value;
    if (!machineId || !present) {
      go('/', { replace: true });
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
        {trouble.value === null ? (
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
