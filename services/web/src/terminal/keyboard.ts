// The keyboard at one terminal: what is the app's and not the program's, and when it is a person who types.
import type { Signal } from '@preact/signals';
import type { Terminal } from '@xterm/xterm';

/** The terminal that is typed at. */
interface Typed {
  readonly term: Terminal;
  readonly searching: Signal<boolean>;
  paste(text: string): void;
  copySelection(): Promise<void>;
  /** A person has touched it. */
  byHand(): void;
}

/** Ends with the terminal. */
export function followKeyboard(terminal: Typed, host: HTMLElement): void {
  terminal.term.attachCustomKeyEventHandler((event) => takesKey(terminal, event));
  const { textarea } = terminal.term;
  if (!textarea) return;
  textarea.setAttribute('autocapitalize', 'none');
  textarea.setAttribute('autocomplete', 'off');
  textarea.setAttribute('autocorrect', 'off');
  textarea.setAttribute('spellcheck', 'false');
  textarea.setAttribute('enterkeyhint', 'enter');
  // Before the emulator has it: what it makes of a key is refused at once.
  for (const event of ['keydown', 'beforeinput', 'input', 'compositionend'])
    host.addEventListener(event, () => terminal.byHand(), { capture: true });
  // Before the emulator has it: pasting is ours.
  host.addEventListener(
    'paste',
    (event) => {
      event.preventDefault();
      event.stopPropagation();
      terminal.paste((event as ClipboardEvent).clipboardData?.getData('text/plain') ?? '');
    },
    { capture: true },
  );
}

/** False: the key is the app's, not the program's. */
function takesKey(terminal: Typed, event: KeyboardEvent): boolean {
  if (event.type !== 'keydown') return true;
  const mac = /Mac|iPhone|iPad/.test(navigator.platform);
  const command = mac ? event.metaKey && !event.ctrlKey : event.ctrlKey && event.shiftKey;
  if (event.shiftKey && event.key === 'Insert') return false;
  if (!command || event.altKey) return true;
  switch (event.code) {
    case 'KeyF':
      terminal.searching.value = true;
      break;
    case 'KeyC':
      if (mac && !terminal.term.hasSelection()) return true;
      void terminal.copySelection();
      break;
    case 'KeyV':
      return false; // the browser pastes
    case 'KeyL':
      // Out of the terminal, for those who have no mouse.
      document.querySelector<HTMLElement>('.top-bar [role=tab][aria-selected=true]')?.focus();
      break;
    default:
      return true;
  }
  event.preventDefault();
  return false;
}
