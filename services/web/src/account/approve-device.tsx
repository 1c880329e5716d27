// A device without a password shows a code; the person approves it here.
import { HermitError } from '@hermit/protocol';
import { useSignal } from '@preact/signals';
import type { JSX, TargetedSubmitEvent } from 'preact';
import { call } from '../relay/account.ts';
import type { Relay } from '../relay/relay.ts';
import { go } from '../router.ts';

export function ApproveDevice({ relay, code }: { relay: Relay; code: string }): JSX.Element {
  const outcome = useSignal<'asking' | 'busy' | 'approved'>('asking');
  const trouble = useSignal<string | null>(null);

  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const typed = String(new FormData(event.currentTarget).get('code')).trim().toUpperCase();
    outcome.value = 'busy';
    trouble.value = null;
    try {
      await call('POST', '/api/device/approve', { code: typed }, await relay.client.accessToken());
      outcome.value = 'approved';
    } catch (error) {
      outcome.value = 'asking';
      trouble.value = error instanceof HermitError ? error.message : 'Something failed; try again.';
    }
  };

  if (outcome.value === 'approved') {
    return (
      <section class="narrow">
        <h1>The device is signed in</h1>
        <p>You can close this page, or go on here.</p>
        <button type="button" class="primary" onClick={() => go('/', { replace: true })}>
          To your machines
        </button>
      </section>
    );
  }
  return (
    <form class="narrow" onSubmit={submit}>
      <h1>Approve a device</h1>
      <p>It acts in your name from then on. Approve only a code that you see on a device of yours, now.</p>
      <label>
        Code on the device
        <input
          name="code"
          class="code"
          defaultValue={code}
          autoCapitalize="characters"
          autoComplete="off"
          spellcheck={false}
          required
        />
      </label>
      <p class="trouble" role="alert">
        {trouble.value}
      </p>
      <button type="submit" class="primary" disabled={outcome.value === 'busy'}>
        Approve
      </button>
    </form>
  );
}
