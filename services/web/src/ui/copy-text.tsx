// Text to be taken elsewhere: shown whole, marked when it is touched, and copied by the button beside it.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { copy } from './clipboard.ts';
import { Icon } from './icons.tsx';

type Props = { text: string; label: string; rows: number };

export function CopyText({ text, label, rows }: Props): JSX.Element {
  const copied = useSignal(false);
  const area = useRef<HTMLTextAreaElement>(null);
  // As high as its text, however narrow the window: a line that is cut off looks as if it ended there.
  useEffect(() => {
    const { current } = area;
    if (!current) return;
    const grow = () => {
      current.style.height = 'auto';
      current.style.height = `${current.scrollHeight + 2}px`;
    };
    grow();
    addEventListener('resize', grow);
    return () => removeEventListener('resize', grow);
  }, [text]);
  return (
    <div class="paste-line">
      <textarea
        class="paste-text"
        readOnly
        rows={rows}
        ref={area}
        aria-label={label}
        onFocus={(event) => event.currentTarget.select()}
      >
        {text}
      </textarea>
      <button
        type="button"
        onClick={async () => {
          copied.value = await copy(text);
        }}
      >
        <Icon name={copied.value ? 'check' : 'copy'} /> {copied.value ? 'Copied' : 'Copy'}
      </button>
    </div>
  );
}
