// A dialog in front of the app: the browser's own, which keeps the focus inside and closes on Escape, unless what it shows
// would be lost.
import { useSignal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Icon } from './icons.tsx';

type Props = {
  title: string;
  children: ComponentChildren;
  onClose(): void;
  /** Sets the focus once it is gone, and nothing behind it is out of reach any more; else the focus is where it was. */
  focusAfter?(): void;
  /** Wide: for text. */
  wide?: boolean;
  /** Holds what would be lost: a click beside it does not close it. */
  sturdy?: boolean;
  /** Shows what is never shown again: Escape and a click beside it ask, and the button to close it answers. */
  shownOnce?: boolean;
};

export function Dialog(props: Props): JSX.Element {
  const { title, children, onClose, focusAfter, wide = false, shownOnce = false, sturdy = shownOnce } = props;
  const element = useRef<HTMLDialogElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const asked = useSignal(false);
  const heading = useId();
  useEffect(() => {
    const before = document.activeElement;
    const dialog = element.current;
    dialog?.showModal();
    const first = dialog?.querySelector<HTMLElement>('[data-first]');
    (first ?? dialog?.querySelector<HTMLElement>('input, select, textarea'))?.focus();
    return () => {
      dialog?.close();
      if (focusAfter) focusAfter();
      else if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  const leave = () => {
    if (!shownOnce) return onClose();
    asked.value = true;
    button.current?.focus();
  };
  return (
    <dialog
      ref={element}
      class={wide ? 'dialog wide' : 'dialog'}
      aria-labelledby={heading}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !shownOnce) return;
        event.preventDefault();
        leave();
      }}
      onCancel={(event) => {
        event.preventDefault();
        leave();
      }}
      onClose={() => {
        // A browser lets nobody refuse twice in a row.
        if (shownOnce && element.current?.isConnected) element.current.showModal();
      }}
      onMouseDown={(event) => {
        if (event.target === element.current && !sturdy) onClose();
      }}
    >
      <div class="dialog-body">
        <header class="dialog-head">
          <h2 class="dialog-title" id={heading}>
            {title}
          </h2>
          <button type="button" class="quiet square" aria-label="Close" ref={button} onClick={onClose}>
            <Icon name="close" />
          </button>
        </header>
        {shownOnce && asked.value && (
          <p class="trouble" role="alert">
            What stands here is not shown again. Close it with its button.
          </p>
        )}
        {children}
      </div>
    </dialog>
  );
}

type QuestionProps = {
  title: string;
  children: ComponentChildren;
  /** What the yes is called. */
  yes: string;
  kind: 'danger' | 'primary';
  /** Does it; why it failed is shown, and asked again. */
  onYes(): Promise<void>;
  onClose(): void;
};

/** Asks before something that cannot be taken back; the focus is on the way out. */
export function Question({ title, children, yes, kind, onYes, onClose }: QuestionProps): JSX.Element {
  const trouble = useSignal<string | null>(null);
  const run = () =>
    onYes().catch((error: Error) => {
      trouble.value = error.message;
    });
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{children}</p>
      <p class="trouble" role="alert">
        {trouble.value}
      </p>
      <div class="dialog-foot">
        <button type="button" data-first onClick={onClose}>
          Cancel
        </button>
        <button type="button" class={kind} onClick={run}>
          {yes}
        </button>
      </div>
    </Dialog>
  );
}
