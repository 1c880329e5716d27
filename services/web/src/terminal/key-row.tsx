// The row of keys that a phone's keyboard lacks. It keeps the keyboard open, and its modifiers wait for their key.
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { settings } from '../settings/settings.ts';
import { Icon } from '../ui/icons.tsx';
import { notify } from '../ui/notices.tsx';
import type { OpenTerminal } from './open-terminal.ts';

const faces: Record<string, [face: string, name: string]> = {
  esc: ['Esc', 'Esc, escape'],
  tab: ['Tab', 'Tab'],
  ctrl: ['Ctrl', 'Ctrl, control'],
  alt: ['Alt', 'Alt'],
  left: ['←', 'Left'],
  right: ['→', 'Right'],
  up: ['↑', 'Up'],
  down: ['↓', 'Down'],
  home: ['Home', 'Home'],
  end: ['End', 'End'],
  pgup: ['PgUp', 'PgUp, page up'],
  pgdn: ['PgDn', 'PgDn, page down'],
  enter: ['↵', 'Enter'],
  del: ['Del', 'Del, delete'],
  ins: ['Ins', 'Ins, insert'],
};

/** As keyboards do: a key that is held is pressed again and again. Milliseconds. */
const REPEAT_AFTER = 400;
const REPEAT_EVERY = 60;
const REPEATED = new Set(['left', 'right', 'up', 'down', 'pgup', 'pgdn', 'del']);

export function KeyRow({ terminal }: { terminal: OpenTerminal }): JSX.Element {
  const modifiers = terminal.typing.modifiers.value;
  const repeating = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const release = () => clearTimeout(repeating.current);
  const hold = (key: string) => {
    release();
    if (!REPEATED.has(key)) return;
    const again = () => {
      terminal.press(key);
      repeating.current = setTimeout(again, REPEAT_EVERY);
    };
    repeating.current = setTimeout(again, REPEAT_AFTER);
  };
  useEffect(() => release, []);
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
            onPointerDown={() => hold(key.toLowerCase())}
            onPointerUp={release}
            onPointerLeave={release}
            onPointerCancel={release}
            onClick={() => terminal.press(key)}
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
          if (!navigator.clipboard) notify('This page may not read the clipboard: it needs https.', 'warning');
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
