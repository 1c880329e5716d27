// Short notices at the edge of the screen: what was refused, what was copied. They go by themselves.
import { signal } from '@preact/signals';
import type { JSX } from 'preact';

type Notice = { id: number; text: string; kind: 'plain' | 'warning' };

const SHOWN_MS = 5_000;
const AT_ONCE = 4;

const notices = signal<readonly Notice[]>([]);
let serial = 0;

/** The same notice again stays one, and stays longer. */
export function notify(text: string, kind: Notice['kind'] = 'plain'): void {
  const id = ++serial;
  const others = notices.value.filter((notice) => notice.text !== text);
  notices.value = [...others, { id, text, kind }].slice(-AT_ONCE);
  setTimeout(() => {
    notices.value = notices.value.filter((notice) => notice.id !== id);
  }, SHOWN_MS);
}

export function Notices(): JSX.Element {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map(({ id, text, kind }) => (
        <p key={id} class={`notice ${kind}`}>
          {text}
        </p>
      ))}
    </div>
  );
}
