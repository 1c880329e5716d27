// What really happened, known to nobody but the checker: every byte of every session, the size it was written for, when
// it was printed, and every keystroke a program got.
import type { Size } from '@hermit/protocol';

/** The byte at an offset of a session: it depends on both, so that a byte in the wrong place is seen. */
export function byteAt(salt: number, offset: number): number {
  return (offset * 131 + (offset >> 8) * 29 + salt * 57) & 255;
}

export class SessionTruth {
  readonly id: string;
  readonly salt: number;
  /** Bytes printed so far. */
  end = 0;
  ended = false;
  /** The session went with its agent. */
  gone = false;
  readonly printedAt: number[] = [];
  readonly sizes: { from: number; size: Size }[];
  /** Keystrokes got, by typist. */
  readonly typed = new Map<number, number>();
  /** Keystrokes that are going to be typed; the program ends when it has printed all and read all. */
  readonly expected = new Map<number, number>();

  constructor(id: string, salt: number, size: Size) {
    this.id = id;
    this.salt = salt;
    this.sizes = [{ from: 0, size }];
  }

  sizeAt(offset: number): Size {
    let size = (this.sizes[0] as { size: Size }).size;
    for (const s of this.sizes) if (s.from <= offset) size = s.size;
    return size;
  }

  /** Typists whose keystrokes have not all arrived. */
  get waiting(): string {
    const late: string[] = [];
    for (const [typist, keys] of this.expected) {
      const got = this.typed.get(typist) ?? 0;
      if (got < keys) late.push(`${got} of ${keys} keystrokes of typist ${typist}`);
    }
    return late.join(', ');
  }

  get size(): Size {
    return (this.sizes[this.sizes.length - 1] as { size: Size }).size;
  }
}

/** One keystroke: who typed it, and which of theirs it is (mod 16). */
export function keystroke(typist: number, serial: number): number {
  return (typist << 4) | (serial & 15);
}
