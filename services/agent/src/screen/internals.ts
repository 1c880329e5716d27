// What the snapshot needs of the emulator and its public interface does not give: attributes of cells and of the pen,
// saved cursor, margins, tab stops, character sets, the parser's state. The only file that knows the shape of the
// emulator's inside; painter.test.ts fails when a later version differs from 6.0.0, which is pinned.
import { createRequire } from 'node:module';
import type { Terminal } from '@xterm/headless';

const require = createRequire(import.meta.url);
// Both packages are CommonJS whose names Node cannot see.
const headless = require('@xterm/headless') as typeof import('@xterm/headless');
const graphemes = require('@xterm/addon-unicode-graphemes') as typeof import('@xterm/addon-unicode-graphemes');

/** Attributes beyond colours and flags. `_ext`: underline style and colour; `_urlId`: hyperlink, 0 for none. */
export type Extended = { readonly _ext: number; readonly _urlId: number };
export type Attributes = { readonly fg: number; readonly bg: number; readonly extended: Extended };
type Charset = object | undefined;

export type Line = {
  /** Three words a cell: content, foreground, background. */
  readonly _data: Uint32Array;
  /** Texts of cells of several code points. */
  readonly _combined: Readonly<Record<number, string>>;
  readonly _extendedAttrs: Readonly<Record<number, Extended | undefined>>;
  readonly isWrapped: boolean;
  readonly length: number;
};

export type Buffer = {
  readonly lines: { readonly length: number; get(index: number): Line | undefined };
  readonly ybase: number;
  x: number;
  readonly y: number;
  readonly scrollTop: number;
  readonly scrollBottom: number;
  readonly tabs: Readonly<Record<number, boolean | undefined>>;
  readonly savedX: number;
  /** Counted from the first line of the scrollback. */
  readonly savedY: number;
  readonly savedCurAttrData: Attributes;
  readonly savedCharset: Charset;
};

export type Core = {
  readonly cols: number;
  readonly rows: number;
  readonly buffers: { readonly active: Buffer; readonly normal: Buffer; readonly alt: Buffer };
  readonly coreService: {
    readonly isCursorHidden: boolean;
    readonly modes: { readonly insertMode: boolean };
    readonly decPrivateModes: {
      readonly applicationCursorKeys: boolean;
      readonly applicationKeypad: boolean;
      readonly bracketedPasteMode: boolean;
      readonly cursorBlink: boolean | undefined;
      readonly cursorStyle: 'block' | 'underline' | 'bar' | undefined;
      readonly origin: boolean;
      readonly reverseWraparound: boolean;
      readonly sendFocus: boolean;
      readonly wraparound: boolean;
    };
  };
  readonly coreMouseService: { readonly activeProtocol: string; readonly activeEncoding: string };
  readonly optionsService: { readonly rawOptions: { readonly convertEol: boolean; readonly cursorBlink: boolean } };
  readonly unicodeService: { charProperties(codePoint: number, preceding: number): number };
  readonly _charsetService: { readonly charset: Charset; readonly glevel: number; readonly _charsets: Charset[] };
  readonly _oscLinkService: { getLinkData(id: number): { readonly id?: string; readonly uri: string } | undefined };
  readonly _inputHandler: {
    parse(data: Uint8Array): unknown;
    eraseInDisplay(params: { params: number[] }, selective: boolean): boolean;
    eraseInLine(params: { params: number[] }, selective: boolean): boolean;
    readonly _curAttrData: Attributes;
    readonly _windowTitle: string;
    readonly _parser: { readonly currentState: number; readonly precedingJoinState: number };
  };
};

/** Cell content: code point, or a mark that `_combined` has the text; the width above. */
export const CODE_POINT = 0x1f_ffff;
export const COMBINED = 0x20_0000;
export const HAS_CONTENT = 0x3f_ffff;
export const WIDTH_SHIFT = 22;
/** Colours: two bits of mode, and the colour below. */
export const COLOUR_MODE = 0x300_0000;
export const COLOUR = 0x3ff_ffff;
export const MODE_16 = 0x100_0000;
export const MODE_256 = 0x200_0000;
export const FG = {
  inverse: 0x400_0000,
  bold: 0x800_0000,
  underline: 0x1000_0000,
  blink: 0x2000_0000,
  invisible: 0x4000_0000,
  struck: 0x8000_0000,
};
export const BG = {
  italic: 0x400_0000,
  dim: 0x800_0000,
  extended: 0x1000_0000,
  protected: 0x2000_0000,
  overline: 0x4000_0000,
};
/** Underline style within `_ext`. */
export const UNDERLINE_STYLE_SHIFT = 26;

/** States of the parser that matter here. */
export const PARSER = { ground: 0, dcsPassthrough: 13 };

export function createTerminal(cols: number, rows: number, scrollback: number): { terminal: Terminal; core: Core } {
  const terminal = new headless.Terminal({ cols, rows, scrollback, allowProposedApi: true, logLevel: 'off' });
  // Loading the addon also makes its Unicode version the active one.
  terminal.loadAddon(new graphemes.UnicodeGraphemesAddon());
  const core = (terminal as unknown as { _core: Core })._core;
  guardErase(terminal, core, false);
  guardErase(terminal, core, true);
  return { terminal, core };
}

/**
 * Erasing from the start of the screen to its very last cell makes 6.0.0 throw out of the parser: it wants to unwrap
 * the line after the last one. Does the same in two steps.
 */
function guardErase(terminal: Terminal, core: Core, selective: boolean): void {
  terminal.parser.registerCsiHandler(selective ? { prefix: '?', final: 'J' } : { final: 'J' }, (params) => {
    const { active } = core.buffers;
    const { x, y } = active;
    if (params[0] !== 1 || x + 1 < core.cols || y + 1 < core.rows) return false;
    active.x = 0;
    core._inputHandler.eraseInDisplay({ params: [1] }, selective);
    active.x = x;
    return core._inputHandler.eraseInLine({ params: [1] }, selective);
  });
}

/** The letter that designates each character set: the emulator's tables, by identity. */
export const charsetLetter: (charset: Charset) => string = (() => {
  let letters: Map<object, string> | null = null;
  return (charset) => {
    if (!charset) return 'B';
    if (!letters) {
      letters = new Map();
      const { terminal, core } = createTerminal(2, 1, 0);
      for (const letter of '0A4C5RQKYE6Z7H=') {
        core._inputHandler.parse(Buffer.from(`\x1b(${letter}`));
        const table = core._charsetService._charsets[0];
        if (table && !letters.has(table)) letters.set(table, letter);
      }
      terminal.dispose();
    }
    return letters.get(charset) ?? 'B';
  };
})();
