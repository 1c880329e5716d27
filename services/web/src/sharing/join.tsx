// Somebody opened a link to a shared session: it becomes theirs to see, and is shown.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Relay } from '../relay/relay.ts';
import { go } from '../router.ts';
import { openSession } from '../tabs.ts';
import { accept } from './shares.ts';

export function Join({ relay, code }: { relay: Relay; code: string }): JSX.Element {
  const trouble = useSignal<string | null>(null);
  useEffect(() => {
    accept(relay, code).then(
      ({ machineId, sessionId }) => openSession(machineId, sessionId, { replace: true }),
      (error: Error) => {
        trouble.value = error.message;
      },
    );
  }, []);
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
