// The corner that says what the connection is doing, and of what size and whose the session is.
import type { AttachmentState, ConnectionState } from '@hermit/client';
import type { SizePolicy } from '@hermit/protocol';
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Relay } from '../relay/relay.ts';
import { change, settings } from '../settings/settings.ts';
import { until } from '../ui/ages.ts';
import { Icon } from '../ui/icons.tsx';
import type { OpenTerminal } from './open-terminal.ts';
import { useWatchers } from './watchers.ts';

type Say = { text: string; lamp: 'online' | 'reconnecting' | 'offline' | 'quiet' };

const policies: readonly [SizePolicy, string][] = [
  ['latest', 'Whoever typed last'],
  ['smallest', 'The smallest window'],
  ['driver', 'Whoever drives'],
  ['fixed', 'Fixed, as it is here'],
];

/** Quiet when all is well: then it is a dot and the round trip. */
export function StatusCorner({ relay, terminal }: { relay: Relay; terminal: OpenTerminal }): JSX.Element {
  const open = useSignal(false);
  const seconds = useCountdown(relay);
  const say = sayOf(relay.connection.value, terminal.state.value, seconds);
  const rtt = relay.rtt.value;
  const live = say.lamp === 'online';
  const unsent = terminal.unsent.value;
  const size = terminal.size.value;
  const own = terminal.ownSize.value;
  const foreign = size !== null && own !== null && (size.cols !== own.cols || size.rows !== own.rows);
  const status = terminal.status.value;
  const root = useRef<HTMLDivElement>(null);
  const { value: opened } = open;
  useEffect(() => {
    if (!opened) return;
    const outside = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) open.value = false;
    };
    addEventListener('pointerdown', outside);
    return () => removeEventListener('pointerdown', outside);
  }, [opened]);
  return (
    <div class={`corner ${live ? 'calm' : 'telling'}`} ref={root}>
      <button
        type="button"
        class="corner-button"
        aria-expanded={open.value}
        onClick={() => {
          open.value = !open.value;
        }}
      >
        <span class={`lamp ${say.lamp}`} aria-hidden="true" />
        {status?.readOnly && <span>watching</span>}
        {foreign && size && (
          <span class="corner-size">
            {size.cols}×{size.rows}
          </span>
        )}
        <span class="corner-say">{say.text}</span>
        {live && rtt !== null && <span class="corner-rtt">{rtt} ms</span>}
        {!live && unsent > 0 && <span class="corner-unsent">· {bytes(unsent)} typed, will be sent</span>}
        <span class="offscreen">Connection and size</span>
      </button>
      {open.value && (
        <Details
          relay={relay}
          terminal={terminal}
          onClose={() => {
            open.value = false;
            terminal.takeFocus();
          }}
        />
      )}
      <span class="offscreen" role="status" aria-live="polite">
        {say.lamp === 'reconnecting' ? 'reconnecting' : say.text}
      </span>
    </div>
  );
}

function Details({ relay, terminal, onClose }: { relay: Relay; terminal: OpenTerminal; onClose(): void }): JSX.Element {
  const connection = relay.connection.value;
  const status = terminal.status.value;
  const size = terminal.size.value;
  const own = terminal.ownSize.value;
  const { machineId, sessionId } = terminal.tab;
  const machine = relay.machine(machineId).value;
  const session = relay.sessions(machineId)?.find(({ id }) => id === sessionId);
  const watchers = useWatchers(relay, terminal.tab, {
    signs: [session?.attachedClients, status?.driver],
    guest: machine === undefined,
  });
  const driver = watchers?.find(({ id }) => id === status?.driver)?.email;
  const mayType = status?.readOnly === false;
  return (
    <section
      class="corner-details"
      aria-label="Connection and size"
      onKeyDown={(event) => {
        if (event.key === 'Escape') onClose();
      }}
    >
      <dl>
        <dt>Machine</dt>
        <dd>{machine?.name ?? '—'}</dd>
        <dt>Relay</dt>
        <dd>
          {connection.name === 'live' ? connection.pod : connection.name}
          {relay.rtt.value !== null && connection.name === 'live' && ` · ${relay.rtt.value} ms`}
        </dd>
        <dt>Attached</dt>
        <dd>
          {watchers ? (
            <ul class="watchers">
              {watchers.map(({ id, email, readOnly, since }) => (
                <li key={id}>
                  {email}
                  <span class="hint">
                    {id === terminal.clientId ? 'here' : readOnly ? 'watches' : 'may type'} · since {until(since)}
                  </span>
                </li>
              ))}
            </ul>
          ) : (
            (session?.attachedClients ?? '—')
          )}
        </dd>
        <dt>Driver</dt>
        <dd>
          {status === null
            ? '—'
            : status.driving
              ? 'you'
              : status.driver === null
                ? 'nobody'
                : (driver ?? 'somebody else')}
          {mayType && !status.driving && (
            <button type="button" class="small" onClick={() => terminal.drive()}>
              Take over
            </button>
          )}
        </dd>
        <dt>Size</dt>
        <dd>
          {size ? `${size.cols}×${size.rows}` : '—'}
          {own && size && (own.cols !== size.cols || own.rows !== size.rows) && `, here ${own.cols}×${own.rows}`}
        </dd>
        <dt>Drawn by</dt>
        <dd>{terminal.renderer.kind === 'gpu' ? 'the GPU' : 'the page'}</dd>
      </dl>
      <fieldset disabled={!mayType}>
        <legend>Whose size counts</legend>
        {policies.map(([policy, name]) => (
          <label key={policy} class="choice">
            <input
              type="radio"
              name="policy"
              checked={status?.sizePolicy === policy}
              onChange={() => terminal.setSizePolicy(policy)}
            />
            {name}
          </label>
        ))}
      </fieldset>
      <label class="choice">
        <input
          type="checkbox"
          checked={settings.value.offerSize}
          onChange={(event) => change({ offerSize: event.currentTarget.checked })}
        />
        Ask for this window's size
      </label>
      <div class="corner-actions">
        <button type="button" class="small" onClick={() => terminal.repaint()}>
          Paint anew
        </button>
        {connection.name === 'reconnecting' && (
          <button type="button" class="small" onClick={() => relay.client.connection.hurry()}>
            Reconnect now
          </button>
        )}
        <button type="button" class="quiet square" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </div>
    </section>
  );
}

function sayOf(connection: ConnectionState, state: AttachmentState, seconds: number): Say {
  if (state === 'ended') return { text: 'ended', lamp: 'quiet' };
  switch (connection.name) {
    case 'offline':
      return { text: 'offline', lamp: 'offline' };
    case 'reconnecting':
      return { text: seconds > 0 ? `reconnecting in ${seconds} s` : 'reconnecting', lamp: 'reconnecting' };
    case 'connecting':
      return { text: 'connecting', lamp: 'reconnecting' };
    case 'closed':
      return { text: 'signed out', lamp: 'offline' };
    case 'live':
  }
  if (state === 'machine-offline') return { text: 'the machine is away', lamp: 'reconnecting' };
  if (state === 'catching-up') return { text: 'catching up', lamp: 'reconnecting' };
  if (state === 'live') return { text: 'live', lamp: 'online' };
  if (state === 'detached') return { text: 'detached', lamp: 'offline' };
  return { text: 'attaching', lamp: 'reconnecting' };
}

/** Seconds until the next try; 0 when none is waited for. */
function useCountdown(relay: Relay): number {
  const left = useSignal(0);
  const at = relay.retryAt.value;
  useEffect(() => {
    const look = () => {
      left.value = at === null ? 0 : Math.max(0, Math.ceil((at - Date.now()) / 1000));
    };
    look();
    if (at === null) return;
    const timer = setInterval(look, 250);
    return () => clearInterval(timer);
  }, [at]);
  return left.value;
}

function bytes(count: number): string {
  return count < 1024 ? `${count} B` : `${Math.round(count / 1024)} KB`;
}
