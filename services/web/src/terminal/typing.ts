// What goes to the program: keys, sticky modifiers, pasted text. Nothing is swallowed: what does not fit is said.
// biome-ignore-all lint/suspicious/noControlCharactersInRegex: terminals speak in them.
import type { Attachment } from '@hermit/client';
import { signal } from '@preact/signals';
import type { Terminal } from '@xterm/xterm';

/** Pasted text goes out in parts of this many bytes, as room comes. */
const PART = 4 * 1024;
/** More than this is a file, and not pasted. */
const LARGEST_PASTE = 4 * 1024 * 1024;

export type Refusal = 'detached' | 'full' | 'read-only' | 'ended' | 'paste-too-large';
export const REFUSALS: Record<Refusal, string> = {
  detached: 'Not sent: this terminal is not connected to its session.',
  full: 'Not sent: the connection is down, and what was typed before still waits.',
  'read-only': 'Not sent: you are watching, and cannot type.',
  ended: 'Not sent: the program has ended.',
  'paste-too-large': 'Not pasted: more than 4 MB is better sent as a file.',
};
type Modifier = 'ctrl' | 'alt';

export class Typing {
  /** Modifiers of the key row that wait for their key; `locked` until touched again. */
  readonly modifiers = signal<Readonly<Record<Modifier, 'off' | 'once' | 'locked'>>>({ ctrl: 'off', alt: 'off' });
  private readonly encoder = new TextEncoder();
  /** Of a long paste, and what was typed behind it. */
  private waiting: Uint8Array[] = [];
  private waitingBytes = 0;
  private readonly term: Terminal;
  private readonly attachment: () => Attachment | null;
  private readonly refused: (why: Refusal) => void;

  constructor(term: Terminal, attachment: () => Attachment | null, refused: (why: Refusal) => void) {
    this.term = term;
    this.attachment = attachment;
    this.refused = refused;
  }

  /** From the emulator: keys, mouse, focus, and its replies to queries. */
  fromEmulator(data: string): void {
    this.send(this.encoder.encode(this.withModifiers(data)));
  }

  /** Bytes that are no text (mouse reports of old programs): one character is one byte. */
  binary(data: string): void {
    this.send(Uint8Array.from(data, (character) => character.charCodeAt(0)));
  }

  /** A key of the key row: its name, `^C` for control characters, else text. */
  press(key: string): void {
    if (key === 'ctrl' || key === 'alt') this.turn(key);
    else this.fromEmulator(this.sequenceOf(key));
  }

  paste(text: string): void {
    const clean = cleaned(text);
    if (clean.length > LARGEST_PASTE) {
      this.refused('paste-too-large');
      return;
    }
    const bracketed = this.term.modes.bracketedPasteMode ? `\x1b[200~${clean}\x1b[201~` : clean;
    this.send(this.encoder.encode(bracketed), true);
    this.term.scrollToBottom();
  }

  /** There is room again. */
  room(): void {
    this.drain();
  }

  /** Bytes of a paste that have not gone out. */
  get held(): number {
    return this.waitingBytes;
  }

  /** Nothing goes to this session any more. Returns how many bytes of a paste did not. */
  abandon(): number {
    const { waitingBytes } = this;
    this.waiting = [];
    this.waitingBytes = 0;
    return waitingBytes;
  }

  private send(bytes: Uint8Array, patient = false): void {
    const attachment = this.attachment();
    if (!attachment) {
      this.refused('detached');
      return;
    }
    if (this.waiting.length === 0 && bytes.length <= PART) {
      if (attachment.fromTerminal(bytes)) return;
      if (!patient || attachment.inputRoom >= bytes.length) {
        this.refused(attachment.inputRoom >= bytes.length ? 'read-only' : 'full');
        return;
      }
    }
    if (this.waitingBytes + bytes.length > 2 * LARGEST_PASTE) {
      this.refused('full');
      return;
    }
    for (let at = 0; at < bytes.length; at += PART) this.waiting.push(bytes.subarray(at, at + PART));
    this.waitingBytes += bytes.length;
    this.drain();
  }

  /** A part that is refused for want of room is tried again when `room` says so; for another reason, it is given up. */
  private drain(): void {
    const attachment = this.attachment();
    for (let part = this.waiting[0]; attachment && part; part = this.waiting[0]) {
      if (!attachment.fromTerminal(part)) {
        if (attachment.inputRoom > 2 * PART) this.giveUp();
        return;
      }
      this.waiting.shift();
      this.waitingBytes -= part.length;
    }
  }

  private giveUp(): void {
    this.abandon();
    this.refused('read-only');
  }

  private turn(modifier: Modifier): void {
    const next = { off: 'once', once: 'locked', locked: 'off' } as const;
    const { value } = this.modifiers;
    this.modifiers.value = { ...value, [modifier]: next[value[modifier]] };
  }

  private withModifiers(data: string): string {
    const { ctrl, alt } = this.modifiers.value;
    if (ctrl === 'off' && alt === 'off') return data;
    // Of what is no key (a reply, a mouse report, a word that a phone guessed) nothing is changed.
    const arrow = /^\x1b[[O]([A-DFH])$/.exec(data)?.[1];
    const single = [...data].length === 1;
    if (!arrow && !single) return data;
    this.modifiers.value = {
      ctrl: ctrl === 'once' ? 'off' : ctrl,
      alt: alt === 'once' ? 'off' : alt,
    };
    if (arrow) return `\x1b[1;${1 + (alt === 'off' ? 0 : 2) + (ctrl === 'off' ? 0 : 4)}${arrow}`;
    const key = ctrl === 'off' ? data : controlOf(data);
    return alt === 'off' ? key : `\x1b${key}`;
  }

  private sequenceOf(key: string): string {
    const lead = this.term.modes.applicationCursorKeysMode ? '\x1bO' : '\x1b[';
    const named: Record<string, string> = {
      esc: '\x1b',
      tab: '\t',
      enter: '\r',
      up: `${lead}A`,
      down: `${lead}B`,
      right: `${lead}C`,
      left: `${lead}D`,
      home: `${lead}H`,
      end: `${lead}F`,
      pgup: '\x1b[5~',
      pgdn: '\x1b[6~',
      del: '\x1b[3~',
      ins: '\x1b[2~',
    };
    const lower = key.toLowerCase();
    if (Object.hasOwn(named, lower)) return named[lower] ?? '';
    const f = /^f([1-9]|1[0-2])$/.exec(lower)?.[1];
    if (f) return functionKey(Number(f));
    return /^\^.$/.test(key) ? controlOf(key.slice(1)) : key;
  }
}

function functionKey(n: number): string {
  return n <= 4 ? `\x1bO${'PQRS'[n - 1]}` : `\x1b[${[15, 17, 18, 19, 20, 21, 23, 24][n - 5]}~`;
}

function controlOf(key: string): string {
  if (key === ' ' || key === '2') return '\0';
  if (key === '?') return '\x7f';
  const code = key.toUpperCase().charCodeAt(0);
  return code >= 0x40 && code <= 0x5f ? String.fromCharCode(code & 0x1f) : key;
}

/** Nothing in pasted text may end the paste or be a command to the terminal. Lines end as the Enter key ends them. */
export function cleaned(text: string): string {
  return text.replace(/\r?\n/g, '\r').replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/g, '');
}
