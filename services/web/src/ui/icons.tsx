// Icons, drawn with the text's colour on a grid of 24. They never speak: what holds them has a name.
import type { JSX } from 'preact';

const paths = {
  plus: 'M12 5v14M5 12h14',
  close: 'M6 6l12 12M18 6L6 18',
  back: 'M15 5l-7 7 7 7',
  menu: 'M4 7h16M4 12h16M4 17h16',
  more: 'M5 12h.2M12 12h.2M19 12h.2',
  search: 'M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14zM16 16l4.5 4.5',
  settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5',
  share: 'M12 15V4M8 7.5L12 3.5l4 4M6 12H5v8h14v-8h-1',
  up: 'M6 15l6-6 6 6',
  down: 'M6 9l6 6 6-6',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  machine: 'M3 5h18v11H3zM8 20h8M12 16v4',
  terminal: 'M5 8l4 4-4 4M12 16h6',
  size: 'M4 9V4h5M20 15v5h-5M4 4l6 6M20 20l-6-6',
  text: 'M5 6h14M5 11h14M5 16h9',
  out: 'M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9',
  check: 'M5 13l4 4L19 7',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { name: IconName }): JSX.Element {
  return (
    <svg class={`icon ${name}`} viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}

export function Shell(): JSX.Element {
  return (
    <svg class="shell" viewBox="0 0 64 64" aria-hidden="true">
      <path
        class="shell-spiral"
        d="M14 46c0-17 10-30 24-30 9 0 14 6 14 13 0 8-6 13-13 13-6 0-10-4-10-9 0-4 3-7 7-7 3 0 5 2 5 5"
      />
      <path class="shell-cursor" d="M12 50h22" />
    </svg>
  );
}
