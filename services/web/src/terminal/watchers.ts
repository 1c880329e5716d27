// Who is attached to a session: asked for while somebody wants to know, and again with whatever changes it. Guests see no
// list of the machine's sessions, which would tell them, so for them it is asked for now and then.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { call } from '../relay/account.ts';
import type { Relay } from '../relay/relay.ts';
import type { Tab } from '../tabs.ts';

type Watcher = { id: string; email: string; readOnly: boolean; since: number };

/** How often guests ask, as long as they look. Milliseconds. */
const GUESTS_ASK = 2_000;

/** Null: not known, or not for this person to know. `signs`: what changes when somebody comes or goes. */
export function useWatchers(
  relay: Relay,
  { machineId, sessionId }: Tab,
  { signs, guest }: { signs: unknown[]; guest: boolean },
): readonly Watcher[] | null {
  const found = useSignal<readonly Watcher[] | null>(null);
  const round = useSignal(0);
  const live = relay.connection.value.name === 'live';
  useEffect(() => {
    if (!guest || !live) return;
    const timer = setInterval(() => {
      if (!document.hidden) round.value++;
    }, GUESTS_ASK);
    return () => clearInterval(timer);
  }, [guest, live]);
  useEffect(() => {
    let wanted = true;
    const path = `/api/machines/${machineId}/sessions/${sessionId}/attachments`;
    relay.client
      .accessToken()
      .then((token) => call<{ attachments: Watcher[] }>('GET', path, undefined, token))
      .then(
        ({ attachments }) => {
          if (wanted) found.value = attachments;
        },
        () => {
          // The connection says what is wrong with it; this is asked again with the next change.
        },
      );
    return () => {
      wanted = false;
    };
  }, [...signs, live, round.value]);
  return found.value;
}
