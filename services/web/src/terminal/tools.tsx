// What can be done with the terminal that is shown, in the bar above.
import type { JSX } from 'preact';
import { createPortal } from 'preact/compat';
import { closeTab } from '../tabs.ts';
import { Icon } from '../ui/icons.tsx';
import { Menu } from '../ui/menu.tsx';
import type { OpenTerminal } from './open-terminal.ts';

export function Tools({ terminal }: { terminal: OpenTerminal }): JSX.Element | null {
  const place = document.getElementById('tools');
  if (!place) return null;
  return createPortal(
    <>
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
      <Menu label="This terminal" icon="more">
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
