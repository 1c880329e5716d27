// The payload of a snapshot: two runs of terminal text, so that a viewer which has scrollback of its own can leave
// the snapshot's out and repaint the screen alone.

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** `scrollback`: lines above the screen. `screen`: paints the screen, modes and cursor onto a reset terminal. */
export type Snapshot = { scrollback: string; screen: string };

/** u32 length of the scrollback in bytes, the scrollback, the screen; UTF-8. */
export function encodeSnapshot(s: Snapshot): Uint8Array {
  const scrollback = encoder.encode(s.scrollback);
  const screen = encoder.encode(s.screen);
  const b = new Uint8Array(4 + scrollback.length + screen.length);
  new DataView(b.buffer).setUint32(0, scrollback.length);
  b.set(scrollback, 4);
  b.set(screen, 4 + scrollback.length);
  return b;
}

/** Throws a RangeError when the bytes are no snapshot. */
export function decodeSnapshot(b: Uint8Array): Snapshot {
  if (b.length < 4) throw new RangeError('a snapshot is at least 4 bytes');
  const n = new DataView(b.buffer, b.byteOffset).getUint32(0);
  if (n > b.length - 4) throw new RangeError('a snapshot that is shorter than its scrollback');
  return { scrollback: decoder.decode(b.subarray(4, 4 + n)), screen: decoder.decode(b.subarray(4 + n)) };
}
