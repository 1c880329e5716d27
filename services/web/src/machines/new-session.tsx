// A new session with a name and a program of one's choice.
import type { MachineInfo } from '@hermit/protocol';
import { useSignal } from '@preact/signals';
import type { JSX, TargetedSubmitEvent } from 'preact';
import type { Relay } from '../relay/relay.ts';
import { Dialog } from '../ui/dialog.tsx';
import { startSession } from './sessions.ts';

type Props = { relay: Relay; machine: MachineInfo; onClose(): void };

export function NewSession({ relay, machine, onClose }: Props): JSX.Element {
  const trouble = useSignal<string | null>(null);
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? '').trim();
    try {
      await startSession(relay, machine.id, { name: text('name'), command: text('command') });
      onClose();
    } catch (error) {
      trouble.value = (error as Error).message;
    }
  };
  return (
    <Dialog title={`New session on ${machine.name}`} onClose={onClose} sturdy>
      <form onSubmit={submit}>
        <label>
          Name <span class="hint">optional</span>
          <input name="name" maxLength={64} autoComplete="off" />
        </label>
        <label>
          Command <span class="hint">your login shell, when empty</span>
          <input name="command" class="mono" maxLength={4096} autoComplete="off" spellcheck={false} />
        </label>
        <p class="trouble" role="alert">
          {trouble.value}
        </p>
        <div class="dialog-foot">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="primary">
            Start
          </button>
        </div>
      </form>
    </Dialog>
  );
}
