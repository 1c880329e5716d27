// Adds a machine: a name, and then the one line to paste on it. Its token is shown this once.
import type { MachineInfo } from '@hermit/protocol';
import { useSignal } from '@preact/signals';
import type { JSX, TargetedSubmitEvent } from 'preact';
import type { Relay } from '../relay/relay.ts';
import { copy } from '../ui/clipboard.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Icon } from '../ui/icons.tsx';
import { lineFor } from './agent-line.ts';
import { startSession } from './sessions.ts';

type Added = { machine: MachineInfo; line: string };

export function AddMachine({ relay, onClose }: { relay: Relay; onClose(): void }): JSX.Element {
  const added = useSignal<Added | null>(null);
  const trouble = useSignal<string | null>(null);
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get('name')).trim();
    try {
      const { api } = relay.client;
      const { machine, token } = await api.addMachine(await relay.client.accessToken(), name);
      added.value = { machine, line: lineFor(location.origin, machine.name, token) };
      void relay.refreshMachines();
    } catch (error) {
      trouble.value = (error as Error).message;
    }
  };
  if (added.value) return <Paste relay={relay} added={added.value} onClose={onClose} />;
  return (
    <Dialog title="Add a machine" onClose={onClose}>
      <form onSubmit={submit}>
        <label>
          Name
          <input name="name" maxLength={64} autoComplete="off" autoCapitalize="off" spellcheck={false} required />
        </label>
        <p class="hint">As you call it: build box, laptop, attic server.</p>
        <p class="trouble" role="alert">
          {trouble.value}
        </p>
        <div class="dialog-foot">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="primary">
            Add
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Paste({ relay, added, onClose }: { relay: Relay; added: Added; onClose(): void }): JSX.Element {
  const copied = useSignal(false);
  const { machine, line } = added;
  const online = relay.machines.value?.find(({ id }) => id === machine.id)?.online === true;
  const start = async () => {
    onClose();
    await startSession(relay, machine.id);
  };
  return (
    <Dialog title={`Start the agent on ${machine.name}`} onClose={onClose} wide>
      <p>Paste this line into a shell there. It holds the machine's token, which is shown this once.</p>
      <div class="paste-line">
        <textarea
          class="paste-text"
          readOnly
          rows={3}
          aria-label="The line to paste"
          onFocus={(event) => event.currentTarget.select()}
        >
          {line}
        </textarea>
        <button
          type="button"
          onClick={async () => {
            copied.value = await copy(line);
          }}
        >
          <Icon name={copied.value ? 'check' : 'copy'} /> {copied.value ? 'Copied' : 'Copy'}
        </button>
      </div>
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
