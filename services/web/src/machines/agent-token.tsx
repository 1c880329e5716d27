// The one line that starts a machine's agent, with its token, which is shown this once; and a new token for a machine.
import type { MachineInfo } from '@hermit/protocol';
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { call } from '../relay/account.ts';
import type { Relay } from '../relay/relay.ts';
import { CopyText } from '../ui/copy-text.tsx';
import { Dialog, Question } from '../ui/dialog.tsx';
import { notify } from '../ui/notices.tsx';
import { lineFor } from './agent-line.ts';
import { startSession } from './sessions.ts';

type Props = { relay: Relay; machine: MachineInfo; onClose(): void };

export function StartAgent({ relay, machine, token, onClose }: Props & { token: string }): JSX.Element {
  const online = relay.machines.value?.find(({ id }) => id === machine.id)?.online === true;
  const start = async () => {
    onClose();
    await startSession(relay, machine.id).catch((error: Error) => notify(error.message, 'warning'));
  };
  return (
    <Dialog title={`Start the agent on ${machine.name}`} onClose={onClose} wide sturdy shownOnce={!online}>
      <p>Paste this line into a shell there. It holds the machine's token, which is shown this once.</p>
      <CopyText text={lineFor(location.origin, machine.name, token)} label="The line to paste" rows={3} />
      <p class="hint">
        The machine needs Node.js 22.12 or later and the program <code>hermit-agent</code>, of Hermit's package{' '}
        <code>@hermit/agent</code>. In a copy of Hermit's sources, write <code>npm run agent --</code> in its place.
      </p>
      <p class={online ? 'wait online' : 'wait'} role="status">
        <span class={`lamp ${online ? 'online' : 'reconnecting'}`} aria-hidden="true" />
        {online ? `${machine.name} is online.` : `Waiting for ${machine.name} to call…`}
      </p>
      <div class="dialog-foot">
        <button type="button" onClick={onClose}>
          {online ? 'Close' : 'Later'}
        </button>
        {online && (
          <button type="button" class="primary" onClick={start}>
            Open a terminal
          </button>
        )}
      </div>
    </Dialog>
  );
}

export function NewToken({ relay, machine, onClose }: Props): JSX.Element {
  const token = useSignal<string | null>(null);
  const make = async () => {
    const path = `/api/machines/${machine.id}/token`;
    const made = await call<{ token: string }>('POST', path, undefined, await relay.client.accessToken());
    token.value = made.token;
  };
  if (token.value !== null) return <StartAgent relay={relay} machine={machine} token={token.value} onClose={onClose} />;
  return (
    <Question
      title={`A new token for ${machine.name}?`}
      yes="Make a new token"
      kind="primary"
      onYes={make}
      onClose={onClose}
    >
      The present token is worth nothing from then on: its agent is disconnected, and has to be started with the new
      one. What runs on the machine ends with its agent.
    </Question>
  );
}
