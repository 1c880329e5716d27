// What brings a terminal back to how a shell expects it, whatever a program has left behind.

/** Everything that a full-screen program switches on, switched off; the cursor below what was painted. */
export const RESTORE = [
  '\x18', // abort a sequence that was cut
  '\x1b[?2026l', // synchronized output
  '\x1b[?1049l', // alternate screen
  '\x1b[?9l\x1b[?1000l\x1b[?1001l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?1016l', // mouse
  '\x1b[?1004l\x1b[?2004l\x1b[?2031l\x1b[?2048l', // focus, bracketed paste, colour scheme and size reports
  '\x1b[<99u\x1b[>4m', // kitty keyboard, modifyOtherKeys
  '\x1b[?1l\x1b>', // cursor keys, keypad
  '\x1b[4l\x1b[20l\x1b[?5l\x1b[?6l\x1b[?7h\x1b[?25h\x1b[0 q', // insert, newline, reverse, origin, wrap, cursor
  '\x1b[r\x1b(B\x0f\x1b[0m', // scroll region, character set, colours
  '\x1b]8;;\x1b\\', // hyperlink
  '\x1b[999;1H', // the last row
].join('');

/** The same without the cursor: before something is painted. */
export const RESET = RESTORE.slice(0, -'\x1b[999;1H'.length);
