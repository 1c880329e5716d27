// Somebody opened a link to a shared session: it becomes theirs to see, and is shown.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { user } from '../relay/account.ts';
import type { Relay } from '../relay/relay.ts';
import { go } from '../router.ts';
import { openSession } from '../tabs.ts';
import { accept } from './shares.ts';

export function Join({ relay, code }: { relay: Relay; code: string }): JSX.Element {
  const opening = useSignal(false);
  const trouble = useSignal<string | null>(null);
  // Any page may lead here: nothing is accepted before the person says so.
  const open = () => {
    opening.value = true;
    accept(relay, code).then(
      ({ machineId, sessionId }) => openSession(machineId, sessionId, { replace: true }),
      (error: Error) => {
        trouble.value = error.message;
      },
    );
  };
  if (!opening.value) {
    return (
      <section class="empty">
        <h1>A terminal is shared with you</h1>
        <p>
          Open it as <b>{user.value?.email}</b>? What you type there, its owner sees.
        </p>
        <button type="button" class="primary" onClick={open}>
          Open it
        </button>
        <button type="button" onClick={() => go('/', { replace: true })}>
          To your machines
        </button>
      </section>
    );
  }
  if (trouble.value === null) return <p class="loading">Opening what was shared with you…</p>;
  return (
    <section class="empty">
      <h1>This link does not work</h1>
      <p role="alert">{trouble.value}</p>
      <button type="button" onClick={() => go('/', { replace: true })}>
        To your machines
      </button>
    </section>
  );
}
