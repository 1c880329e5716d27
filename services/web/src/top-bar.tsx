// The bar above everything: home, the open sessions as tabs, and what concerns the person.
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { startSession, titleOf } from './machines/sessions.ts';
import { signOut, user } from './relay/account.ts';
import type { Relay } from './relay/relay.ts';
import { go, route } from './router.ts';
import { closeTab, marked, openSession, type Tab, tabs, titles } from './tabs.ts';
import { since } from './ui/ages.ts';
import { Icon, Shell } from './ui/icons.tsx';
import { Menu } from './ui/menu.tsx';
import { notify } from './ui/notices.tsx';

export function TopBar({ relay }: { relay: Relay }): JSX.Element {
  const here = route.value;
  return (
    <header class="top-bar">
      <a
        class="home"
        href="/"
        aria-label="Hermit: your machines"
        aria-current={here.page === 'machines' ? 'page' : undefined}
        onClick={(event) => {
          event.preventDefault();
          go('/');
        }}
      >
        <Shell />
        <span class="home-name">Hermit</span>
      </a>
      <Tabs relay={relay} />
      {here.page === 'terminal' && <OneMore relay={relay} machineId={here.machineId} />}
      <div id="tools" class="tools" />
      <Menu label="Account and settings" icon="menu">
        <p class="menu-note">{user.value?.email}</p>
        <button type="button" role="menuitem" onClick={() => go('/settings')}>
          <Icon name="settings" /> Settings
        </button>
        <button type="button" role="menuitem" onClick={() => go('/device')}>
          <Icon name="check" /> Approve a device
        </button>
        <button type="button" role="menuitem" onClick={() => void signOut()}>
          <Icon name="out" /> Sign out
        </button>
      </Menu>
    </header>
  );
}

/** A session more on the machine that is looked at; guests, who may start none there, choose one of theirs. */
function OneMore({ relay, machineId }: { relay: Relay; machineId: string }): JSX.Element {
  const machine = relay.machine(machineId).value;
  const label = machine ? `New session on ${machine.name}` : 'Your machines';
  const start = () => {
    if (!machine) go('/');
    else startSession(relay, machineId).catch((error: Error) => notify(error.message, 'warning'));
  };
  return (
    <button type="button" class="quiet square" aria-label={label} title={label} onClick={start}>
      <Icon name="plus" />
    </button>
  );
}

function Tabs({ relay }: { relay: Relay }): JSX.Element {
  const list = useRef<HTMLDivElement>(null);
  const here = route.value;
  const shown = here.page === 'terminal' ? here.sessionId : null;
  useEffect(() => {
    list.current?.querySelector('.tab.selected')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [shown]);
  const names = tabs.value.map((tab) => nameOf(relay, tab));
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined || !list.current) return;
    const all = [...list.current.querySelectorAll<HTMLElement>('[role=tab]')];
    const at = all.indexOf(document.activeElement as HTMLElement);
    all[(at + step + all.length) % all.length]?.focus();
    event.preventDefault();
  };
  return (
    <div class="tabs" role="tablist" aria-label="Open sessions" ref={list} onKeyDown={onKeyDown}>
      {tabs.value.map(({ machineId, sessionId }, index) => {
        const machine = relay.machines.value?.find(({ id }) => id === machineId);
        const title = names[index]?.title ?? 'session';
        const begun = names[index]?.begun;
        // Several of one name are told apart by when they began.
        const twins = names.filter((name) => name.title === title).length > 1;
        const selected = sessionId === shown;
        return (
          <div key={sessionId} class={`tab${selected ? ' selected' : ''}`} role="presentation">
            <button
              type="button"
              role="tab"
              id={`tab-${sessionId}`}
              aria-selected={selected}
              aria-controls={`panel-${sessionId}`}
              tabIndex={selected || (shown === null && index === 0) ? 0 : -1}
              title={[title, machine && `on ${machine.name}`, begun && `since ${begun}`].filter(Boolean).join(' ')}
              onClick={() => openSession(machineId, sessionId)}
              onKeyDown={(event) => {
                if (event.key === 'Delete') closeTab(sessionId);
              }}
              onAuxClick={(event) => {
                if (event.button === 1) closeTab(sessionId);
              }}
            >
              {marked.value.has(sessionId) && <span class="tab-mark">new</span>}
              <span class="tab-title">{title}</span>
              {twins && begun && <span class="tab-begun">{begun}</span>}
              {machine && <span class="tab-machine">{machine.name}</span>}
            </button>
            <button
              type="button"
              class="tab-close"
              tabIndex={-1}
              aria-hidden="true"
              title="Close the tab; the session runs on"
              onClick={() => closeTab(sessionId)}
            >
              <Icon name="close" />
            </button>
          </div>
        );
      })}
    </div>
  );
}

function nameOf(relay: Relay, { machineId, sessionId }: Tab): { title: string; begun: string | null } {
  const session = relay.sessions(machineId)?.find(({ id }) => id === sessionId);
  const title = titles.value.get(sessionId) ?? (session && titleOf(session)) ?? 'session';
  return { title, begun: session ? since(session.createdAt) : null };
}
