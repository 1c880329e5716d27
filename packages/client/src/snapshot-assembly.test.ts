// A snapshot of chunks that come twice, in the wrong order, or of another one (CU-6).
import { encodeSnapshot, snapshotFrame, uuidBytes } from '@hermit/protocol';
import { beforeEach, expect, it } from 'vitest';
import { SnapshotAssembly } from './snapshot-assembly.ts';

const id16 = uuidBytes('00112233-4455-6677-8899-aabbccddeeff');
const whole = encodeSnapshot({ scrollback: 'above\r\n', screen: 'the screen' });
const TOTAL = 3;

let assembly: SnapshotAssembly;
beforeEach(() => {
  assembly = new SnapshotAssembly();
});

function take(index: number, id = 1, total = TOTAL) {
  const bytes = whole.subarray(index * 8, index === TOTAL - 1 ? undefined : (index + 1) * 8);
  const to = { attachment: id16, attempt: 1, round: 0 };
  return assembly.take(snapshotFrame(id16, 5, { cols: 80, rows: 24 }, to, { id, index, total, bytes }));
}

it('is complete with its last chunk, whose ack waits for the painting', () => {
  expect([take(0), take(1)]).toEqual(['more', 'more']);
  expect(assembly.progress).toEqual({ snapshot: 1, chunks: 2 });
  expect(take(2)).toBe('complete');
  expect(assembly.decode()).toEqual({ scrollback: 'above\r\n', screen: 'the screen' });
  expect(assembly.progress).toEqual({ snapshot: 1, chunks: 2 });
  assembly.paintedAs(0);
  expect(assembly.progress.chunks, 'another one was painted').toBe(2);
  assembly.paintedAs(1);
  expect(assembly.progress).toEqual({ snapshot: 1, chunks: 3 });
});

it('a chunk that was here is known, and one that cannot follow is a gap', () => {
  take(0);
  expect([take(0), take(2), take(1, 1, 9)]).toEqual(['known', 'gap', 'gap']);
  expect([take(1), take(1)]).toEqual(['more', 'known']);
});

it('a later snapshot takes the place of one that is not complete, from its first chunk on; an earlier one is known', () => {
  take(0);
  expect([take(1, 2), take(0, 2, 0)], 'not from its first chunk, or of none').toEqual(['gap', 'gap']);
  expect(assembly.current).toBe(1);
  expect([take(0, 2), take(1, 1), take(1, 2), take(2, 2)]).toEqual(['more', 'known', 'more', 'complete']);
  expect(assembly.decode().screen).toBe('the screen');
});

it('bytes that are no snapshot throw', () => {
  const to = { attachment: id16, attempt: 1, round: 0 };
  const bytes = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1);
  const chunk = { id: 7, index: 0, total: 1, bytes };
  expect(assembly.take(snapshotFrame(id16, 0, { cols: 1, rows: 1 }, to, chunk))).toBe('complete');
  expect(() => assembly.decode()).toThrow(RangeError);
});
