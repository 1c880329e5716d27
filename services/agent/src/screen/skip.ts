// Leaving output out that the emulator need not parse, because nothing of it will be left: a long run of plain lines
// scrolls everything before it out of the scrollback. The result is exactly the same, by this argument:
//
// - A run holds printed characters, CR, LF, TAB, SGR and EL alone. None of them moves the cursor up, changes a mode,
//   the margins or the buffer; each changes the cursor's line, scrolls, or sets the pen.
// - The margins are the whole screen, so once the cursor is on the last row, every LF and every wrap scrolls one line
//   out, and the new line is blank. What follows depends on the pen and the column alone.
// - The kept end begins with CR LF, so its column is 0, and it is preceded by the SGR of what was left out since the
//   last reset, so its pen is the same. It holds LFs enough to take the cursor to the last row and to scroll
//   everything older out of screen and scrollback.
// - What is left out begins before a CR LF as well. CR ends an incomplete character and whatever waited to join.
//
// The emulator's part of the conditions is `Emulator.skippable`. skip.test.ts compares with parsing everything.

/** Classes of bytes: plain, what ends a run, the start of a sequence, the start of U+0080 to U+00BF. */
const PLAIN = 0;
const END = 1;
const ESC = 2;
const C2 = 3;
const CLASS = new Uint8Array(256);
CLASS.fill(END, 0, 0x20);
CLASS[0x09] = PLAIN;
CLASS[0x0a] = PLAIN;
CLASS[0x0d] = PLAIN;
CLASS[0x1b] = ESC;
CLASS[0x7f] = END;
CLASS[0xc2] = C2;

/** Of those that belong to a run, in bytes. */
export const LONGEST_SEQUENCE = 64;
/** SGR that has to be repeated at most, in bytes. */
const PEN_BOUND = 4096;
/** Less than this is not worth it. */
const WORTH = 64 * 1024;

/** `bytes[0, keep)` is parsed, then `pen`, then `bytes` from `resume` on. */
export type Skip = { keep: number; pen: Uint8Array; resume: number };

const NO_WORDS = new Int32Array(0);

/** Where the run that begins at 0 ends: before the first byte or sequence that does not belong. */
export function runEnd(bytes: Uint8Array): number {
  const end = bytes.length;
  // Where the whole words of the buffer begin that lie in `bytes`.
  const first = -bytes.byteOffset & 3;
  const words = end - first < 4 ? NO_WORDS : new Int32Array(bytes.buffer, bytes.byteOffset + first, (end - first) >> 2);
  let i = 0;
  while (i < end) {
    if (i >= first) {
      i = first + nextMarked(words, i - first);
      if (i >= end) return end;
    }
    const kind = CLASS[bytes[i] as number];
    if (kind === PLAIN) i++;
    else if (kind === END) return i;
    else if (kind === C2) {
      // U+0080 to U+009F are control characters: U+009B begins a sequence.
      if (i + 1 >= end || (bytes[i + 1] as number) < 0xa0) return i;
      i += 2;
    } else {
      const after = sequenceEnd(bytes, i);
      if (after < 0) return i;
      i = after;
    }
  }
  return end;
}

/** The first byte from `at` on that is marked, or the end of the words, or `at` where it is behind them. */
function nextMarked(words: Int32Array, at: number): number {
  let word = at >> 2;
  if (word >= words.length) return at;
  let marks = marked(words[word] as number) & (-1 << ((at & 3) << 3));
  while (marks === 0) {
    if (++word >= words.length) return word << 2;
    marks = marked(words[word] as number);
  }
  return (word << 2) + ((31 - Math.clz32(marks & -marks)) >> 3);
}

/**
 * The top bit of each of four bytes that needs a look: below 0x20, 0x7f, or 0xc2. A carry may mark the byte above such a
 * one as well, which does no harm. Bytes are in the order of little-endian machines, as are all that this runs on.
 */
function marked(word: number): number {
  const control = ((word - 0x20202020) | (word + 0x01010101)) & ~word & 0x80808080;
  if ((word & 0x80808080) === 0) return control;
  const c2 = word ^ 0xc2c2c2c2;
  return control | ((c2 - 0x01010101) & ~c2 & 0x80808080);
}

/** Whether a run that ends at `end` may go on with what comes next: nothing follows yet, or the beginning of a sequence. */
export function mayGoOn(bytes: Uint8Array, end: number): boolean {
  const left = bytes.length - end;
  if (left === 0) return true;
  if (bytes[end] === 0xc2) return left === 1;
  if (bytes[end] !== 0x1b || left >= LONGEST_SEQUENCE) return false;
  return left === 1 || (bytes[end + 1] === 0x5b && parametersEnd(bytes, end + 2, bytes.length) === bytes.length);
}

/** What may be left out of a run that ends at `end`, where `lines` LFs scroll everything away; null: nothing. */
export function skip(bytes: Uint8Array, end: number, lines: number): Skip | null {
  const keep = crlf(bytes, 0);
  if (keep < 0 || end - keep < WORTH) return null;
  let at = end;
  for (let n = 0; n < lines; n++) {
    at = bytes.lastIndexOf(0x0a, at - 1);
    if (at <= keep) return null;
  }
  // Back to a line that a CR began; a few more lines do no harm.
  while (bytes[at - 1] !== 0x0d) {
    at = bytes.lastIndexOf(0x0a, at - 1);
    if (at <= keep) return null;
  }
  const resume = at - 1;
  if (resume - keep < WORTH) return null;
  const pen = penOf(bytes, keep, resume);
  return pen && { keep, pen, resume };
}

/** After a sequence of a run that begins at `i`: SGR, or EL; -1: another one, or not all of it is there. */
function sequenceEnd(bytes: Uint8Array, i: number): number {
  if (bytes[i + 1] !== 0x5b) return -1;
  const bound = Math.min(bytes.length, i + LONGEST_SEQUENCE);
  const j = parametersEnd(bytes, i + 2, bound);
  if (j >= bound) return -1;
  if (bytes[j] === 0x6d) return j + 1;
  const parameter = j === i + 2 ? 0x30 : j === i + 3 ? (bytes[i + 2] as number) : 0;
  return bytes[j] === 0x4b && parameter >= 0x30 && parameter <= 0x32 ? j + 1 : -1;
}

/** After the digits, `:` and `;` that stand from `from` on, at most at `bound`. */
function parametersEnd(bytes: Uint8Array, from: number, bound: number): number {
  let j = from;
  while (j < bound && (bytes[j] as number) >= 0x30 && (bytes[j] as number) <= 0x3b) j++;
  return j;
}

/** The SGR within [from, to) that still has an effect at its end: the last reset, and what came after it. */
function penOf(bytes: Uint8Array, from: number, to: number): Uint8Array | null {
  const sequences: Uint8Array[] = [];
  let size = 0;
  for (let i = bytes.lastIndexOf(0x1b, to - 1); i >= from; i = bytes.lastIndexOf(0x1b, i - 1)) {
    const sequence = bytes.subarray(i, sequenceEnd(bytes, i));
    if (sequence.at(-1) === 0x6d) {
      sequences.push(sequence);
      size += sequence.length;
      if (size > PEN_BOUND) return null;
      if (resets(sequence)) break;
    }
    if (i === 0) break;
  }
  const pen = new Uint8Array(size);
  let at = 0;
  for (const sequence of sequences.reverse()) {
    pen.set(sequence, at);
    at += sequence.length;
  }
  return pen;
}

/** SGR whose first parameter is 0 or missing. */
function resets(sequence: Uint8Array): boolean {
  let i = 2;
  while (sequence[i] === 0x30) i++;
  return sequence[i] === 0x3b || sequence[i] === 0x6d;
}

function crlf(bytes: Uint8Array, from: number): number {
  for (let i = bytes.indexOf(0x0a, from); i >= 0; i = bytes.indexOf(0x0a, i + 1)) {
    if (i > from && bytes[i - 1] === 0x0d) return i - 1;
  }
  return -1;
}
