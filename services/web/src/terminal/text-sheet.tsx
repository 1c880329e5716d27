// The terminal's text as plain text: to select and copy with a finger, and to read with whatever reads pages.
import type { Terminal } from '@xterm/xterm';
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { copy } from '../ui/clipboard.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Icon } from '../ui/icons.tsx';
import { notify } from '../ui/notices.tsx';

/** More is hard to scroll through, and slow to lay out. */
const LINES = 2_000;

type Props = { term: Terminal; onClose(): void; focusAfter(): void };

export function TextSheet({ term, ...closing }: Props): JSX.Element {
  const text = useMemo(() => textOf(term), [term]);
  const sheet = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (sheet.current) sheet.current.scrollTop = sheet.current.scrollHeight;
  }, []);
  return (
    <Dialog title="Text" {...closing} wide>
      <textarea class="text-sheet" readOnly aria-label="Text of the terminal" ref={sheet} data-first>
        {text}
      </textarea>
      <div class="dialog-foot">
        <button
          type="button"
          onClick={async () => {
            if (await copy(text)) notify('Copied');
          }}
        >
          <Icon name="copy" /> Copy all
        </button>
        <button type="button" class="primary" onClick={closing.onClose}>
          Done
        </button>
      </div>
    </Dialog>
  );
}

/** The last lines of the active buffer; those that were wrapped are whole again. */
function textOf(term: Pick<Terminal, 'buffer'>): string {
  const { active } = term.buffer;
  const lines: string[] = [];
  for (let row = Math.max(0, active.length - LINES); row < active.length; row++) {
    const line = active.getLine(row);
    if (!line) continue;
    const continued = active.getLine(row + 1)?.isWrapped === true;
    const text = line.translateToString(!continued);
    if (line.isWrapped && lines.length > 0) lines[lines.length - 1] += text;
    else lines.push(text);
  }
  return lines.join('\n').trimEnd();
}
