// Renaming a machine, and removing it.
import type { MachineInfo } from '@hermit/protocol';
import { useSignal } from '@preact/signals';
import type { JSX, TargetedSubmitEvent } from 'preact';
import type { Relay } from '../relay/relay.ts';
import { Dialog, Question } from '../ui/dialog.tsx';

type Props = { relay: Relay; machine: MachineInfo; onClose(): void };

export function RenameMachine({ relay, machine, onClose }: Props): JSX.Element {
  const trouble = useSignal<string | null>(null);
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get('name')).trim();
    try {
      await relay.client.api.renameMachine(await relay.client.accessToken(), machine.id, name);
      await relay.refreshMachines();
      onClose();
    } catch (error) {
      trouble.value = (error as Error).message;
    }
  };
  return (
    <Dialog title={`Rename ${machine.name}`} onClose={onClose}>
      <form onSubmit={submit}>
        <label>
          Name
          <input name="name" defaultValue={machine.name} maxLength={64} autoComplete="off" required />
        </label>
        <p class="hint">Its agent has to be started with the new name the next time.</p>
        <p class="trouble" role="alert">
          {trouble.value}
        </p>
        <div class="dialog-foot">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="primary">
            Rename
          </button>
        </div>
      </form>
    </Dialog>
  );
}

export function RemoveMachine({ relay, machine, onClose }: Props): JSX.Element {
  const remove = async () => {
    await relay.client.api.removeMachine(await relay.client.accessToken(), machine.id);
    await relay.refreshMachines();
    onClose();
  };
  return (
    <Question title={`Remove ${machine.name}?`} yes="Remove" kind="danger" onYes={remove} onClose={onClose}>
      Its agent is disconnected and its token is worth nothing any more. What runs on it runs on, but cannot be reached
      from here.
    </Question>
  );
}
