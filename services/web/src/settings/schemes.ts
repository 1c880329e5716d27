// Colour schemes of the terminal: two of the house, and some that people know, as their authors published them.
import type { ITheme } from '@xterm/xterm';

type Scheme = { readonly label: string; readonly dark: boolean; readonly theme: Readonly<ITheme> };

/** The sixteen colours in their order: black, red, green, yellow, blue, magenta, cyan, white, and the bright ones. */
function scheme(
  label: string,
  dark: boolean,
  [background, foreground, cursor, selection]: [string, string, string, string],
  ansi: string,
): Scheme {
  const names = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const;
  const colours = ansi.split(' ').map((hex) => `#${hex}`);
  const theme: Record<string, string> = {
    background,
    foreground,
    cursor,
    cursorAccent: background,
    selectionBackground: selection,
  };
  names.forEach((name, index) => {
    theme[name] = colours[index] ?? '';
    theme[`bright${name[0]?.toUpperCase()}${name.slice(1)}`] = colours[index + 8] ?? '';
  });
  return { label, dark, theme };
}

export const schemes: Readonly<Record<string, Scheme>> = {
  'hermit-dark': scheme(
    'Hermit dark',
    true,
    ['#14151a', '#dcdfe6', '#ff9d5c', '#3a4256'],
    '23262f f2777a 8fc98b f0c674 7fb0ea c9a0e8 6fc7c4 c8ccd6 666d7e ff9a9c a9dda4 ffdb94 a2c8f7 dcbcf5 93dcd9 f4f6fb',
  ),
  'hermit-light': scheme(
    'Hermit light',
    false,
    ['#fdfcf9', '#2b2d33', '#b8501b', '#e8dcc8'],
    '2b2d33 b3261e 2f6f2a 7a5500 1f5fae 8a3a9e 116a6f 6b6e76 55585f c4372f 3c7f36 8a6100 2f6fc0 9a4aae 1b7a80 8a8d95',
  ),
  dracula: scheme(
    'Dracula',
    true,
    ['#282a36', '#f8f8f2', '#f8f8f2', '#44475a'],
    '21222c ff5555 50fa7b f1fa8c bd93f9 ff79c6 8be9fd f8f8f2 6272a4 ff6e6e 69ff94 ffffa5 d6acff ff92df a4ffff ffffff',
  ),
  nord: scheme(
    'Nord',
    true,
    ['#2e3440', '#d8dee9', '#d8dee9', '#434c5e'],
    '3b4252 bf616a a3be8c ebcb8b 81a1c1 b48ead 88c0d0 e5e9f0 4c566a bf616a a3be8c ebcb8b 81a1c1 b48ead 8fbcbb eceff4',
  ),
  'gruvbox-dark': scheme(
    'Gruvbox dark',
    true,
    ['#282828', '#ebdbb2', '#ebdbb2', '#504945'],
    '282828 cc241d 98971a d79921 458588 b16286 689d6a a89984 928374 fb4934 b8bb26 fabd2f 83a598 d3869b 8ec07c ebdbb2',
  ),
  'solarized-dark': scheme(
    'Solarized dark',
    true,
    ['#002b36', '#839496', '#93a1a1', '#073642'],
    '073642 dc322f 859900 b58900 268bd2 d33682 2aa198 eee8d5 002b36 cb4b16 586e75 657b83 839496 6c71c4 93a1a1 fdf6e3',
  ),
  'solarized-light': scheme(
    'Solarized light',
    false,
    ['#fdf6e3', '#657b83', '#586e75', '#eee8d5'],
    '073642 dc322f 859900 b58900 268bd2 d33682 2aa198 eee8d5 002b36 cb4b16 586e75 657b83 839496 6c71c4 93a1a1 fdf6e3',
  ),
  'one-dark': scheme(
    'One dark',
    true,
    ['#282c34', '#abb2bf', '#528bff', '#3e4451'],
    '282c34 e06c75 98c379 e5c07b 61afef c678dd 56b6c2 abb2bf 5c6370 e06c75 98c379 e5c07b 61afef c678dd 56b6c2 ffffff',
  ),
  'high-contrast': scheme(
    'High contrast',
    true,
    ['#000000', '#ffffff', '#ffff00', '#264f78'],
    '000000 ff6b68 4ee44e ffff54 6cb6ff ff7bff 5cf2f2 ffffff a0a0a0 ff8a88 7dff7d ffff8a 9ccfff ffa6ff 93ffff ffffff',
  ),
};

export function schemeFor(name: string, dark: boolean): Scheme {
  const chosen = name === 'auto' ? undefined : schemes[name];
  return chosen ?? (schemes[dark ? 'hermit-dark' : 'hermit-light'] as Scheme);
}
