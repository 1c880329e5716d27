// The terminal emulator: xterm.js with its add-ons, as the settings want it.
import { SearchAddon } from '@xterm/addon-search';
import { UnicodeGraphemesAddon } from '@xterm/addon-unicode-graphemes';
import { WebLinksAddon } from '@xterm/addon-web-links';
import { type ITerminalOptions, Terminal } from '@xterm/xterm';
import '@xterm/xterm/css/xterm.css';
import type { Settings } from '../settings/choices.ts';
import { schemeFor } from '../settings/schemes.ts';
import { isDark } from '../settings/settings.ts';
import { guardErase } from './erase-guard.ts';

const FONTS =
  'ui-monospace, "SF Mono", "JetBrains Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace';
/** Of matches that are marked at once. */
const HIGHLIGHTS = 1_000;
/** What WCAG asks of text. */
const CONTRAST = 4.5;

export type Emulator = { readonly term: Terminal; readonly search: SearchAddon };

export function createEmulator(settings: Settings, openLink: (url: string, shown: boolean) => void): Emulator {
  const term = new Terminal({
    // Graphemes are a proposed interface still.
    allowProposedApi: true,
    macOptionIsMeta: true,
    // A click moves no cursor: who selects text means to select.
    altClickMovesCursor: false,
    drawBoldTextInBrightColors: false,
    rescaleOverlappingGlyphs: true,
    linkHandler: {
      // OSC 8: the text says nothing of the address behind it.
      activate: (_event, url) => openLink(url, false),
      allowNonHttpProtocols: false,
    },
    ...optionsOf(settings),
  });
  guardErase(term);
  const search = new SearchAddon({ highlightLimit: HIGHLIGHTS });
  term.loadAddon(search);
  term.loadAddon(new WebLinksAddon((_event, url) => openLink(url, true)));
  term.loadAddon(new UnicodeGraphemesAddon());
  return { term, search };
}

/** What the settings say of an emulator that runs; its font's size is for `Fitting`. */
export function optionsOf(settings: Settings): ITerminalOptions {
  const { theme } = schemeFor(settings.scheme, isDark());
  const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)').matches;
  return {
    theme,
    fontFamily: settings.fontFamily ? `${settings.fontFamily}, ${FONTS}` : FONTS,
    cursorBlink: settings.cursorBlink && !reducedMotion,
    scrollback: settings.scrollback,
    screenReaderMode: settings.screenReader,
    minimumContrastRatio: settings.moreContrast ? CONTRAST : 1,
  };
}
