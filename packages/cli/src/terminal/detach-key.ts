// The key that leaves a session, found in what is typed: never in what is pasted.

export type DetachKey = {
  /** As shown to people: `Ctrl-]`. */
  name: string;
  /** The byte that a terminal sends; null: there is no such key. */
  byte: number | null;
};

export const DEFAULT_DETACH_KEY = 'Ctrl-]';

/** `Ctrl-X` or `^X` for a letter or one of `@ [ \ ] ^ _`, or `none`. Throws a RangeError on anything else. */
export function parseDetachKey(text: string): DetachKey {
  if (text.toLowerCase() === 'none') return { name: 'none', byte: null };
  const [, letter] = /^(?:ctrl[-+]|c-|\^)([a-z@[\\\]^_])$/i.exec(text) ?? [];
  if (letter === undefined) throw new RangeError(`"${text}" is no key for this; write Ctrl-] or Ctrl-B, or none.`);
  const upper = letter.toUpperCase();
  if (upper === '[' || upper === 'M' || upper === 'I' || upper === 'J')
    throw new RangeError(`Ctrl-${upper} is the same as a key that you need (Escape, Return or Tab).`);
  return { name: `Ctrl-${upper}`, byte: upper.charCodeAt(0) & 0x1f };
}

const ESC = 0x1b;
const PASTE_START = [ESC, 0x5b, 0x32, 0x30, 0x30, 0x7e];
const PASTE_END = [ESC, 0x5b, 0x32, 0x30, 0x31, 0x7e];

export class DetachScanner {
  private readonly key: DetachKey;
  private pasting = false;
  /** How much of the mark that begins or ends a paste has been seen. */
  private seen = 0;

  constructor(key: DetachKey) {
    this.key = key;
  }

  /** Where in `bytes` the key was pressed; -1: it was not. */
  find(bytes: Uint8Array): number {
    if (this.key.byte === null) return -1;
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (!this.pasting && (byte === this.key.byte || (byte === ESC && this.isEncoded(bytes, at)))) return at;
      this.followPaste(byte);
    }
    return -1;
  }

  private followPaste(byte: number): void {
    const mark = this.pasting ? PASTE_END : PASTE_START;
    if (byte === mark[this.seen]) this.seen++;
    else this.seen = byte === ESC ? 1 : 0;
    if (this.seen < mark.length) return;
    this.seen = 0;
    this.pasting = !this.pasting;
  }

  /** Programs may ask the terminal for keys as `CSI code ; modifiers u` (kitty) or `CSI 27 ; modifiers ; code ~`. */
  private isEncoded(bytes: Uint8Array, at: number): boolean {
    const text = String.fromCharCode(...bytes.subarray(at + 1, at + 32));
    const kitty = /^\[(\d+)(?::\d*)*;(\d+)(?::([123]))?(?:;[\d:]*)?u/.exec(text);
    if (kitty) return kitty[3] !== '3' && this.isKey(Number(kitty[1]), Number(kitty[2]));
    const xterm = /^\[27;(\d+);(\d+)~/.exec(text);
    return xterm !== null && this.isKey(Number(xterm[2]), Number(xterm[1]));
  }

  private isKey(code: number, modifiers: number): boolean {
    const locks = 64 + 128;
    if (((modifiers - 1) & ~locks) !== 4) return false;
    return (String.fromCharCode(code).toUpperCase().charCodeAt(0) & 0x1f) === this.key.byte && code >= 0x40;
  }
}
