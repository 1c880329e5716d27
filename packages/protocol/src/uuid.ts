// UUIDs as 36 characters in JSON and 16 bytes in frames.

const HEX: string[] = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Lower-case UUID text, any version. */
export const UUID_PATTERN = UUID.source;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** 16 bytes of a lower-case UUID. Throws a RangeError on anything else. */
export function uuidBytes(text: string): Uint8Array {
  if (!UUID.test(text)) throw new RangeError('not a UUID');
  const hex = text.replaceAll('-', '');
  const bytes = new Uint8Array(16);
  for (let i = 0; i < 16; i++) bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** The UUID that stands at `at` in `b`. */
export function uuidAt(b: Uint8Array, at: number): string {
  const h = (i: number) => HEX[b[at + i] as number] as string;
  return (
    `${h(0) + h(1) + h(2) + h(3)}-${h(4)}${h(5)}-${h(6)}${h(7)}-${h(8)}${h(9)}-` +
    `${h(10)}${h(11)}${h(12)}${h(13)}${h(14)}${h(15)}`
  );
}

/** Value of each hexadecimal digit, by its character. */
const DIGITS = new Uint8Array(128);
for (let value = 0; value < 16; value++) DIGITS[value.toString(16).charCodeAt(0)] = value;

/** Whether the UUID `text` stands at `at` in `b`; nothing is made for it. */
export function isUuidAt(b: Uint8Array, at: number, text: string): boolean {
  for (let i = 0, c = 0; i < 16; i++, c += 2) {
    if (i === 4 || i === 6 || i === 8 || i === 10) c++;
    const byte = ((DIGITS[text.charCodeAt(c)] as number) << 4) | (DIGITS[text.charCodeAt(c + 1)] as number);
    if (b[at + i] !== byte) return false;
  }
  return true;
}

/** A random (version 4) UUID from a source of 32-bit numbers, so that a seeded run draws the same ids. */
export function uuidFrom(random32: () => number): string {
  const b = new Uint8Array(16);
  for (let i = 0; i < 16; i += 4) {
    const r = random32() >>> 0;
    b[i] = r >>> 24;
    b[i + 1] = (r >>> 16) & 255;
    b[i + 2] = (r >>> 8) & 255;
    b[i + 3] = r & 255;
  }
  b[6] = ((b[6] as number) & 0x0f) | 0x40;
  b[8] = ((b[8] as number) & 0x3f) | 0x80;
  return uuidAt(b, 0);
}
