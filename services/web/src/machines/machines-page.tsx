// Home: the machines of a person with live presence, and what runs on each.
import type { MachineInfo } from '@hermit/protocol';
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Relay } from '../relay/relay.ts';
import { SharedWithYou } from '../sharing/shared-with-you.tsx';
import { Icon } from '../ui/icons.tsx';
import { AddMachine } from './add-machine.tsx';
import { MachineCard } from './machine-card.tsx';

export function MachinesPage({ relay }: { relay: Relay }): JSX.Element {
  const adding = useSignal(false);
  const wanted = useSignal('');
  const machines = relay.machines.value;
  // A machine that was added elsewhere is told of when it calls for the first time; here it is seen before.
  useEffect(() => {
    if (relay.machines.peek() !== null) void relay.refreshMachines();
  }, [relay]);
  const add = () => {
    adding.value = true;
  };
  return (
    <>
      <header class="page-head">
        <h1>Machines</h1>
        <Summary relay={relay} />
        {machines && machines.length > 8 && (
          <input
            type="search"
            class="filter"
            aria-label="Filter machines"
            placeholder="Filter"
            value={wanted}
            onInput={(event) => {
              wanted.value = event.currentTarget.value;
            }}
          />
        )}
        {machines && machines.length > 0 && (
          <button type="button" onClick={add}>
            <Icon name="plus" /> Add a machine
          </button>
        )}
      </header>
      {machines === null && relay.machinesError.value === null && <p class="loading">Asking for your machines…</p>}
      {relay.machinesError.value && machines === null && (
        <p class="trouble" role="alert">
          {relay.machinesError.value.message}{' '}
          <button type="button" onClick={() => void relay.refreshMachines()}>
            Try again
          </button>
        </p>
      )}
      {machines?.length === 0 && (
        <section class="empty">
          <h2>No machine yet</h2>
          <p>
            A machine is any computer you want a terminal on: it runs a small agent that calls this relay. Nothing has
            to be opened in its firewall.
          </p>
          <button type="button" class="primary" onClick={add}>
            <Icon name="plus" /> Add your first machine
          </button>
        </section>
      )}
      <div class="cards">
        {filtered(machines ?? [], wanted.value).map((machine) => (
          <MachineCard key={machine.id} relay={relay} machine={machine} />
        ))}
      </div>
      <SharedWithYou relay={relay} />
      {adding.value && (
        <AddMachine
          relay={relay}
          onClose={() => {
            adding.value = false;
          }}
        />
      )}
    </>
  );
}

function Summary({ relay }: { relay: Relay }): JSX.Element {
  const { name } = relay.connection.value;
  const machines = relay.machines.value ?? [];
  const online = machines.filter((machine) => machine.online).length;
  const text =
    name === 'live'
      ? machines.length > 0
        ? `${online} of ${machines.length} online`
        : ''
      : name === 'offline'
        ? 'This device is offline'
        : 'Connecting to the relay…';
  return (
    <p class="page-sub" role="status">
      {text}
    </p>
  );
}

function filtered(machines: readonly MachineInfo[], wanted: string): readonly MachineInfo[] {
  const text = wanted.trim().toLowerCase();
  return text === '' ? machines : machines.filter(({ name }) => name.toLowerCase().includes(text));
}
