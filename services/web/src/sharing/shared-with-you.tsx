// Sessions that others share with this person.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { titleOf } from '../machines/sessions.ts';
import type { Relay } from '../relay/relay.ts';
import { openSession } from '../tabs.ts';
import { until } from '../ui/ages.ts';
import { Icon } from '../ui/icons.tsx';
import { Menu } from '../ui/menu.tsx';
import { notify } from '../ui/notices.tsx';
import { giveBack, type ReceivedShare, received } from './shares.ts';

export function SharedWithYou({ relay }: { relay: Relay }): JSX.Element | null {
  const shares = useSignal<readonly ReceivedShare[]>([]);
  const look = () =>
    received(relay).then(
      (found) => {
        shares.value = found;
      },
      () => {
        // The page above says what is wrong with the relay; this is asked again with the next look.
      },
    );
  const live = relay.connection.value.name === 'live';
  useEffect(() => {
    void look();
    const onShow = () => {
      if (document.visibilityState === 'visible') void look();
    };
    document.addEventListener('visibilitychange', onShow);
    return () => document.removeEventListener('visibilitychange', onShow);
  }, [live, relay.sharesChanged.value]);
  if (shares.value.length === 0) return null;
  return (
    <section class="shared" aria-labelledby="shared-heading">
      <h2 id="shared-heading">Shared with you</h2>
      <ul class="sessions">
        {shares.value.map((one) => (
          <li class={one.session ? 'session' : 'session ended'} key={one.id}>
            <button type="button" class="session-open" onClick={() => openSession(one.machineId, one.sessionId)}>
              <Icon name="terminal" />
              <span class="session-title">{one.session ? titleOf(one.session) : 'session'}</span>
              <span class="session-say">
                {one.machineName} of {one.ownerEmail} ·{' '}
                {one.role === 'driver' ? 'you may watch and type' : 'you may watch'} · until {until(one.expiresAt)}
                {(one.session?.attachedClients ?? 0) > 0 && ` · ${one.session?.attachedClients} attached`}
              </span>
            </button>
            <Menu label={`More about what ${one.ownerEmail} shares`} icon="more">
              <button
                type="button"
                role="menuitem"
                onClick={() => giveBack(relay, one.id).then(look, (error: Error) => notify(error.message, 'warning'))}
              >
                <Icon name="close" /> Give it back
              </button>
            </Menu>
          </li>
        ))}
      </ul>
    </section>
  );
}
