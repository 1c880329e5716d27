// Questions before something that cannot be taken back: pasting several lines, opening an address one does not see.
import type { JSX } from 'preact';
import { change } from '../settings/settings.ts';
import { Dialog } from '../ui/dialog.tsx';
import type { OpenTerminal } from './open-terminal.ts';

const SHOWN = 4_000;

export function PasteQuestion({ terminal }: { terminal: OpenTerminal }): JSX.Element {
  const text = terminal.pasteAsked.value ?? '';
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/).length;
  const more = text.length - SHOWN;
  const shown = more > 0 ? `${text.slice(0, SHOWN)}\n… and ${more.toLocaleString('en')} characters more` : text;
  return (
    <Dialog
      title={lines > 1 ? `Paste ${lines} lines?` : 'Paste and run?'}
      onClose={() => terminal.answerPaste(false)}
      focusAfter={() => terminal.term.focus()}
    >
      <p>
        {terminal.bracketed
          ? 'The shell takes them as one text, and runs them when you press Enter.'
          : 'Each line is run as soon as it is pasted.'}
      </p>
      <textarea class="paste-text" readOnly rows={Math.min(lines + 1, 12)} aria-label="Text to paste">
        {shown}
      </textarea>
      <div class="dialog-foot">
        <button
          type="button"
          class="link"
          onClick={() => {
            change({ warnBeforePaste: false });
            terminal.answerPaste(true);
          }}
        >
          Paste, and never ask
        </button>
        <button type="button" onClick={() => terminal.answerPaste(false)}>
          Cancel
        </button>
        <button type="button" class="primary" data-first onClick={() => terminal.answerPaste(true)}>
          Paste
        </button>
      </div>
    </Dialog>
  );
}

export function LinkQuestion({ terminal }: { terminal: OpenTerminal }): JSX.Element {
  const url = terminal.link.value ?? '';
  const close = () => {
    terminal.link.value = null;
  };
  return (
    <Dialog title="Open this address?" onClose={close} focusAfter={() => terminal.term.focus()}>
      <p class="paste-text mono">{url}</p>
      <div class="dialog-foot">
        <button type="button" onClick={close}>
          Cancel
        </button>
        <button
          type="button"
          class="primary"
          onClick={() => {
            open(url, '_blank', 'noopener,noreferrer');
            close();
          }}
        >
          Open
        </button>
      </div>
    </Dialog>
  );
}
