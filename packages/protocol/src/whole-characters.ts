// Where text in UTF-8 may be cut: terminals' decoders lose some characters that come to them in two parts.

/** How many of the first bytes are whole characters: all but up to three of an unfinished one. */
export function wholeCharacters(bytes: Uint8Array): number {
  const end = bytes.length;
  for (let back = 1; back <= 3 && back <= end; back++) {
    const byte = bytes[end - back] as number;
    if (byte < 0x80) return end;
    if (byte < 0xc0) continue;
    const length = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : byte < 0xf8 ? 4 : 1;
    return length > back ? end - back : end;
  }
  return end;
}
