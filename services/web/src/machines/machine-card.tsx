// One machine: whether it is there, what runs on it and who looks, and what can be done with it.
import type { MachineInfo } from '@hermit/protocol';
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { presenceOf } from '../relay/presence.ts';
import type { Relay } from '../relay/relay.ts';
import { ago, now, since } from '../ui/ages.ts';
import { Icon } from '../ui/icons.tsx';
import { Menu } from '../ui/menu.tsx';
import { notify } from '../ui/notices.tsx';
import { NewToken } from './agent-token.tsx';
import { RemoveMachine, RenameMachine } from './change-machine.tsx';
import { NewSession } from './new-session.tsx';
import { SessionRow } from './session-row.tsx';
import { startSession } from './sessions.ts';

type Props = { relay: Relay; machine: MachineInfo };

export function MachineCard({ relay, machine }: Props): JSX.Element {
  const { id, name } = machine;
  const open = useSignal<'rename' | 'remove' | 'new' | 'token' | null>(null);
  const starting = useSignal(false);
  useEffect(() => relay.watch(id), [relay, id]);
  const presence = presenceOf(machine, now.value);
  const sessions = presence === 'offline' ? [] : (relay.sessions(id) ?? []);
  const close = () => {
    open.value = null;
  };
  const start = async () => {
    starting.value = true;
    try {
      await startSession(relay, id);
    } catch (error) {
      notify((error as Error).message, 'warning');
    } finally {
      starting.value = false;
    }
  };

  return (
    <article class={`card ${presence}`} aria-label={`Machine ${name}`}>
      <header class="card-head">
        <span class={`lamp ${presence}`} aria-hidden="true" />
        <h2 class="card-name">{name}</h2>
        <Menu label={`More about ${name}`} icon="more">
          <button type="button" role="menuitem" disabled={!machine.online} onClick={() => (open.value = 'new')}>
            <Icon name="terminal" /> New session with…
          </button>
          <button type="button" role="menuitem" onClick={() => (open.value = 'rename')}>
            <Icon name="text" /> Rename
          </button>
          <button type="button" role="menuitem" onClick={() => (open.value = 'token')}>
            <Icon name="check" /> New token
          </button>
          <button type="button" role="menuitem" class="danger" onClick={() => (open.value = 'remove')}>
            <Icon name="close" /> Remove
          </button>
        </Menu>
      </header>
      <p class="card-say">{presenceText(machine, presence)}</p>
      {sessions.length > 0 && (
        <ul class="sessions">
          {sessions.map((session) => (
            <SessionRow key={session.id} relay={relay} machineId={id} session={session} />
          ))}
        </ul>
      )}
      <footer class="card-foot">
        <button type="button" class="primary" disabled={!machine.online || starting.value} onClick={start}>
          <Icon name="plus" /> New session
        </button>
      </footer>
      {open.value === 'new' && <NewSession relay={relay} machine={machine} onClose={close} />}
      {open.value === 'token' && <NewToken relay={relay} machine={machine} onClose={close} />}
      {open.value === 'rename' && <RenameMachine relay={relay} machine={machine} onClose={close} />}
      {open.value === 'remove' && <RemoveMachine relay={relay} machine={machine} onClose={close} />}
    </article>
  );
}

function presenceText({ lastSeen }: MachineInfo, presence: ReturnType<typeof presenceOf>): string {
  if (presence === 'online') return 'Online';
  if (presence === 'reconnecting') return 'Reconnecting…';
  return lastSeen === null ? 'Never seen' : `Offline since ${since(lastSeen)}, ${ago(lastSeen)}`;
}
