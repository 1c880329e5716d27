import { describe, expect, it } from 'vitest';
import { GatherBuffers, Gathered, HANDED_OVER } from './buffers.ts';

const bytes = (length: number, of = 7) => new Uint8Array(length).fill(of);

function addAll(gathered: Gathered, piece: Uint8Array): void {
  for (let from = 0; from < piece.length; ) from += gathered.add(piece, from);
}

describe('what a screen has gathered', () => {
  it('is what was added, in order, whatever the sizes', () => {
    const gathered = new Gathered(new GatherBuffers());
    const pieces = [bytes(1, 1), bytes(8_191, 2), bytes(1, 3), bytes(200_000, 4), bytes(5, 5)];
    for (const piece of pieces) addAll(gathered, piece);
    expect(Buffer.from(gathered.take() ?? [])).toEqual(Buffer.concat(pieces));
    expect(gathered.take()).toBeNull();
  });

  it('holds little for little, and never more than is handed over', () => {
    const gathered = new Gathered(new GatherBuffers());
    addAll(gathered, bytes(10));
    expect(gathered.take()?.buffer.byteLength).toBe(8 * 1024);
    const much = bytes(HANDED_OVER + 1);
    expect(gathered.add(much, 0)).toBe(HANDED_OVER);
    expect(gathered.add(much, HANDED_OVER)).toBe(0);
    expect(gathered.bytes).toBe(HANDED_OVER);
  });

  it('is put into buffers that have come back, of which few are kept', () => {
    const buffers = new GatherBuffers();
    const large = () => buffers.take(HANDED_OVER).buffer as SharedArrayBuffer;
    const first = Array.from({ length: 9 }, large);
    expect(new Set(first).size).toBe(9);
    buffers.giveBack(first);
    const second = Array.from({ length: 9 }, large);
    expect(second.filter((buffer) => first.includes(buffer))).toHaveLength(4);
  });
});
