// The row of keys that a phone's keyboard lacks. It keeps the keyboard open, and its modifiers wait for their key.
import type { JSX } from 'preact';
import { settings } from '../settings/settings.ts';
import { Icon } from '../ui/icons.tsx';
import type { OpenTerminal } from './open-terminal.ts';

const faces: Record<string, [face: string, name: string]> = {
  esc: ['Esc', 'Escape'],
  tab: ['Tab', 'Tab'],
  ctrl: ['Ctrl', 'Control'],
  alt: ['Alt', 'Alt'],
  left: ['←', 'Left'],
  right: ['→', 'Right'],
  up: ['↑', 'Up'],
  down: ['↓', 'Down'],
  home: ['Home', 'Home'],
  end: ['End', 'End'],
  pgup: ['PgUp', 'Page up'],
  pgdn: ['PgDn', 'Page down'],
  enter: ['↵', 'Enter'],
  del: ['Del', 'Delete'],
  ins: ['Ins', 'Insert'],
};

export function KeyRow({ terminal }: { terminal: OpenTerminal }): JSX.Element {
  const { typing } = terminal;
  const modifiers = typing.modifiers.value;
  return (
    <div
      class="key-row"
      role="toolbar"
      aria-label="Keys"
      // The keyboard stays as it is, open or closed.
      onPointerDown={(event) => event.preventDefault()}
      onMouseDown={(event) => event.preventDefault()}
    >
      {settings.value.keys.map((key) => {
        const [face, name] = faces[key.toLowerCase()] ?? [key, key];
        const modifier = key === 'ctrl' || key === 'alt' ? modifiers[key] : null;
        return (
          <button
            key={key}
            type="button"
            tabIndex={-1}
            class={modifier && modifier !== 'off' ? `key ${modifier}` : 'key'}
            aria-label={name}
            aria-pressed={modifier ? modifier !== 'off' : undefined}
            onClick={() => typing.press(key)}
          >
            {face}
          </button>
        );
      })}
      <button
        type="button"
        tabIndex={-1}
        class="key"
        aria-label="Paste"
        onClick={() => {
          navigator.clipboard?.readText().then(
            (text) => terminal.paste(text),
            () => {
              // Refused by the person or the browser, which has said so itself.
            },
          );
        }}
      >
        Paste
      </button>
      <button
        type="button"
        tabIndex={-1}
        class="key"
        aria-label="Show the text, to select and copy"
        onClick={() => {
          terminal.textShown.value = true;
        }}
      >
        <Icon name="text" />
      </button>
    </div>
  );
}
