// Adds a machine: a name, and then the one line to paste on it. Its token is shown this once.
import type { MachineInfo } from '@hermit/protocol';
import { useSignal } from '@preact/signals';
import type { JSX, TargetedSubmitEvent } from 'preact';
import type { Relay } from '../relay/relay.ts';
import { Dialog } from '../ui/dialog.tsx';
import { StartAgent } from './agent-token.tsx';

type Added = { machine: MachineInfo; token: string };

export function AddMachine({ relay, onClose }: { relay: Relay; onClose(): void }): JSX.Element {
  const added = useSignal<Added | null>(null);
  const trouble = useSignal<string | null>(null);
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get('name')).trim();
    try {
      const { api } = relay.client;
      const { machine, token } = await api.addMachine(await relay.client.accessToken(), name);
      added.value = { machine, token };
      void relay.refreshMachines();
    } catch (error) {
      trouble.value = (error as Error).message;
    }
  };
  if (added.value) return <StartAgent relay={relay} {...added.value} onClose={onClose} />;
  return (
    <Dialog title="Add a machine" onClose={onClose} sturdy>
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
