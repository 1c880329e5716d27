// One session of a machine, in the list of its card: what it is, since when, who looks, and what can be done with it.
import type { SessionInfo } from '@hermit/protocol';
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { Relay } from '../relay/relay.ts';
import { ShareDialog } from '../sharing/share-dialog.tsx';
import { openSession, titles } from '../tabs.ts';
import { ago, since } from '../ui/ages.ts';
import { Question } from '../ui/dialog.tsx';
import { Icon } from '../ui/icons.tsx';
import { Menu } from '../ui/menu.tsx';
import { titleOf } from './sessions.ts';

type Props = { relay: Relay; machineId: string; session: SessionInfo };

export function SessionRow({ relay, machineId, session }: Props): JSX.Element {
  const { id, attachedClients, createdAt, exit, command } = session;
  // An open tab knows of a new title first.
  const title = titles.value.get(id) ?? titleOf(session);
  const open = useSignal<'share' | 'end' | null>(null);
  const close = () => {
    open.value = null;
  };
  const end = async () => {
    await relay.client.killSession(machineId, id);
    close();
  };
  return (
    <li class={exit ? 'session ended' : 'session'}>
      <button type="button" class="session-open" onClick={() => openSession(machineId, id)}>
        <Icon name="terminal" />
        <span class="session-title">{title}</span>
        <span class="session-say">
          {exit ? 'ended' : `since ${since(createdAt)}, ${ago(createdAt)}`}
          {attachedClients > 0 && ` · ${attachedClients} attached`}
          {command !== title && <span class="session-command"> · {command}</span>}
        </span>
      </button>
      {!exit && (
        <Menu label={`More about ${title}`} icon="more">
          <button type="button" role="menuitem" onClick={() => (open.value = 'share')}>
            <Icon name="share" /> Share
          </button>
          <button type="button" role="menuitem" class="danger" onClick={() => (open.value = 'end')}>
            <Icon name="close" /> End the session
          </button>
        </Menu>
      )}
      {open.value === 'share' && (
        <ShareDialog relay={relay} of={{ machineId, sessionId: id }} title={title} onClose={close} />
      )}
      {open.value === 'end' && (
        <Question title={`End “${title}”?`} yes="End the session" kind="danger" onYes={end} onClose={close}>
          The program and what it runs are ended, for everybody who is attached. What is not saved is lost.
        </Question>
      )}
    </li>
  );
}
