// What can be done with the terminal that is shown, in the bar above.

import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { createPortal } from 'preact/compat';
import type { Relay } from '../relay/relay.ts';
import { ShareDialog } from '../sharing/share-dialog.tsx';
import { closeTab, titles } from '../tabs.ts';
import { Icon } from '../ui/icons.tsx';
import { Menu } from '../ui/menu.tsx';
import type { OpenTerminal } from './open-terminal.ts';
import { StatusCorner } from './status-corner.tsx';

type Props = { relay: Relay; terminal: OpenTerminal };

export function Tools({ relay, terminal }: Props): JSX.Element | null {
  const sharing = useSignal(false);
  const { machineId, sessionId } = terminal.tab;
  // Only what is one's own can be shared.
  const own = relay.machine(machineId).value !== undefined;
  const place = document.getElementById('tools');
  if (!place) return null;
  return createPortal(
    <>
      <StatusCorner relay={relay} terminal={terminal} />
      <button
        type="button"
        class="quiet square wide-only"
        aria-label="Find"
        title="Find (Ctrl+Shift+F)"
        onClick={() => {
          terminal.searching.value = true;
        }}
      >
        <Icon name="search" />
      </button>
      {own && (
        <button
          type="button"
          class="quiet square"
          aria-label="Share"
          title="Share"
          onClick={() => {
            sharing.value = true;
          }}
        >
          <Icon name="share" />
        </button>
      )}
      {sharing.value && (
        <ShareDialog
          relay={relay}
          of={{ machineId, sessionId }}
          title={titles.value.get(sessionId) ?? 'session'}
          onClose={() => {
            sharing.value = false;
          }}
          focusAfter={() => terminal.term.focus()}
        />
      )}
      <Menu label="This terminal" icon="more" focusAfter={() => terminal.takeFocus()}>
        <button type="button" role="menuitem" onClick={() => (terminal.searching.value = true)}>
          <Icon name="search" /> Find
        </button>
        <button type="button" role="menuitem" onClick={() => (terminal.textShown.value = true)}>
          <Icon name="text" /> Show as text
        </button>
        <button type="button" role="menuitem" onClick={() => void terminal.copySelection()}>
          <Icon name="copy" /> Copy the selection
        </button>
        <button type="button" role="menuitem" onClick={() => closeTab(terminal.tab.sessionId)}>
          <Icon name="close" /> Close the tab
        </button>
      </Menu>
    </>,
    place,
  );
}
