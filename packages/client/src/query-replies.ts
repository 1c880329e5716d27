// Tells a terminal's replies to queries from what a person types: only the driver's replies reach the program.
//
// Replies: DA1 `CSI ? … c`, DA2 `CSI > … c`, DSR `CSI … n`, CPR `CSI r ; c R`, DECRPM `CSI … $ y`, kitty keyboard
// `CSI ? … u`, window reports `CSI … t`, DECREPTPARM `CSI … x`; OSC 4, 5, 10 to 19, 52, L, l; DCS (DA3, XTVERSION,
// DECRQSS, XTGETTCAP); APC (graphics). Keys, mouse, focus and pasted text are typing, whatever they look like.

export type TerminalPart = { bytes: Uint8Array; reply: boolean };

const ESC = 0x1b;
const BEL = 0x07;
const BACKSLASH = 0x5c;
/** A reply longer than this is none, bytes. OSC 52 can be long. */
const LONGEST = 64 * 1024;
const PASTE_END = [ESC, 0x5b, 0x32, 0x30, 0x31, 0x7e];

/** `more`: the bytes end within what may become a reply. */
type Sequence = { length: number; kind: 'typed' | 'reply' | 'paste' } | 'more';

/** Keeps what may be the beginning of a reply until the rest has come, or until `flush`. */
export class ReplySplitter {
  private rest: Uint8Array = new Uint8Array(0);
  private pasting = false;
  /** How much of the mark that ends a paste has been seen. */
  private endSeen = 0;

  /** Bytes that wait for their rest. */
  get held(): number {
    return this.rest.length;
  }

  push(bytes: Uint8Array): TerminalPart[] {
    const b = this.rest.length > 0 ? join(this.rest, bytes) : bytes;
    this.rest = new Uint8Array(0);
    const out: TerminalPart[] = [];
    let from = 0;
    let at = 0;
    const part = (to: number, reply: boolean) => {
      if (to > from) out.push({ bytes: b.subarray(from, to), reply });
      from = to;
    };
    while (at < b.length) {
      if (this.pasting) this.paste(b[at++] as number);
      else if (b[at] !== ESC) at++;
      else {
        const sequence = sequenceAt(b, at);
        if (sequence === 'more') {
          part(at, false);
          this.rest = new Uint8Array(b.subarray(at));
          return out;
        }
        if (sequence.kind === 'reply') {
          part(at, false);
          part(at + sequence.length, true);
        } else if (sequence.kind === 'paste') {
          this.pasting = true;
          this.endSeen = 0;
        }
        at += sequence.length;
      }
    }
    part(b.length, false);
    return out;
  }

  /** Nothing more came: what was kept was typed. */
  flush(): TerminalPart[] {
    const { rest } = this;
    this.rest = new Uint8Array(0);
    return rest.length > 0 ? [{ bytes: rest, reply: false }] : [];
  }

  private paste(byte: number): void {
    if (byte === PASTE_END[this.endSeen]) this.endSeen++;
    else this.endSeen = byte === ESC ? 1 : 0;
    if (this.endSeen === PASTE_END.length) this.pasting = false;
  }
}

/** The sequence that begins with the ESC at `at`. */
function sequenceAt(b: Uint8Array, at: number): Sequence {
  switch (b[at + 1]) {
    case 0x5b: // [
      return controlSequence(b, at);
    case 0x5d: // ]
      return string(b, at, /^(?:[Ll]|(?:4|5|1[0-9]|52);)/, /^(?:4|5|1[0-9]?|52?)$/);
    case 0x50: // P
      return string(b, at, /^(?:!\||>\||[01][$+]r)/, /^(?:!|>|[01][$+]?)$/);
    case 0x5f: // _
      return string(b, at, /^G/, /^$/);
    default: // ESC by itself, or with a key: Alt
      return { length: 1, kind: 'typed' };
  }
}

function controlSequence(b: Uint8Array, at: number): Sequence {
  let end = at + 2;
  while (end < b.length && (b[end] as number) >= 0x20 && (b[end] as number) < 0x40) end++;
  const parameters = ascii(b, at + 2, Math.min(end, at + 64));
  if (end === b.length)
    // Alt+[ is what it looks like; no key begins with `?` or `>`, and few with a digit.
    return /^[?>=0-9]/.test(parameters) ? 'more' : { length: end - at, kind: 'typed' };
  const final = String.fromCharCode(b[end] as number);
  const length = end + 1 - at;
  if (final === '~' && parameters === '200') return { length, kind: 'paste' };
  return { length, kind: isReply(parameters, final) ? 'reply' : 'typed' };
}

function isReply(parameters: string, final: string): boolean {
  if (/^[?>=]/.test(parameters)) return true;
  switch (final) {
    case 'R':
      // F3 with a modifier looks like a cursor in row 1, columns 2 to 16; a key must not be lost.
      return /^\d+;\d+$/.test(parameters) && !/^1;(?:[2-9]|1[0-6])$/.test(parameters);
    case 'n':
    case 't':
    case 'x':
      return /^\d/.test(parameters);
    case 'y':
      return parameters.endsWith('$');
    default:
      return false;
  }
}

/** A string that ends with ST or BEL. `whole`: how the text of a reply begins; `part`: how it begins when cut there. */
function string(b: Uint8Array, at: number, whole: RegExp, part: RegExp): Sequence {
  const typed = { length: 2, kind: 'typed' } as const;
  const start = at + 2;
  const head = ascii(b, start, Math.min(b.length, start + 8));
  const cut = start + head.length === b.length;
  if (!whole.test(head)) return cut && head !== '' && part.test(head) ? 'more' : typed;
  for (let end = start; end < b.length && end - start < LONGEST; end++) {
    const byte = b[end] as number;
    if (byte === BEL) return { length: end + 1 - at, kind: 'reply' };
    if (byte === ESC) {
      if (end + 1 === b.length) return 'more';
      return b[end + 1] === BACKSLASH ? { length: end + 2 - at, kind: 'reply' } : typed;
    }
    if (byte < 0x20) return typed;
  }
  return b.length - start < LONGEST ? 'more' : typed;
}

function ascii(b: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...b.subarray(from, to));
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
