// A button that opens a short list of actions below it.
import { useSignal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon, type IconName } from './icons.tsx';

type Props = {
  label: string;
  icon: IconName;
  children: ComponentChildren;
  /** Sets the focus once something was chosen, unless that takes it; else it is at the button again. */
  focusAfter?(): void;
};

export function Menu({ label, icon, children, focusAfter }: Props): JSX.Element {
  const open = useSignal(false);
  const root = useRef<HTMLDivElement>(null);
  const { value: shown } = open;
  useEffect(() => {
    if (!shown) return;
    items(root.current)[0]?.focus();
    const outside = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) open.value = false;
    };
    const chosen = (event: Event) => {
      if (!(event.target as HTMLElement).closest('[role^=menuitem]')) return;
      open.value = false;
      if (focusAfter) focusAfter();
      else root.current?.querySelector('button')?.focus();
    };
    const { current } = root;
    addEventListener('pointerdown', outside);
    current?.addEventListener('click', chosen);
    current?.addEventListener('keydown', onKeyDown);
    return () => {
      removeEventListener('pointerdown', outside);
      current?.removeEventListener('click', chosen);
      current?.removeEventListener('keydown', onKeyDown);
    };
  }, [shown]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (!open.value) return;
    if (event.key === 'Escape' || event.key === 'Tab') {
      open.value = false;
      if (event.key === 'Escape') root.current?.querySelector('button')?.focus();
      return;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    const all = items(root.current);
    all[(all.indexOf(document.activeElement as HTMLElement) + step + all.length) % all.length]?.focus();
    event.preventDefault();
  };

  return (
    <div class="menu" ref={root}>
      <button
        type="button"
        class="quiet square"
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={shown}
        onClick={() => {
          open.value = !open.value;
        }}
      >
        <Icon name={icon} />
      </button>
      {shown && (
        <div class="menu-list" role="menu" aria-label={label}>
          {children}
        </div>
      )}
    </div>
  );
}

const items = (root: HTMLElement | null): HTMLElement[] => [
  ...(root?.querySelectorAll<HTMLElement>('[role^=menuitem]') ?? []),
];
