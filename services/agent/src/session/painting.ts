// How a viewer gets a snapshot instead of the output that led to it: asked of the screen, sent in chunks (CU-6).
import { encodeSnapshot, LIMITS, type Size, snapshotFrame } from '@hermit/protocol';
import type { Clock } from '@hermit/transport';
import type { Screen, ScreenSnapshot } from '../screen/screen.ts';
import type { Attachment, SnapshotTransfer } from './attachment.ts';
import type { OutputLog } from './output-log.ts';
import { replayLimit } from './pacer.ts';

export type PaintingParts = {
  idBytes: Uint8Array;
  log: OutputLog;
  screen: Screen;
  clock: Clock;
  alloc: ((length: number) => Uint8Array) | undefined;
  frame: (frame: Uint8Array) => void;
  /** It stands, is attached and waits for what was asked. */
  waits: (a: Attachment, transfer: SnapshotTransfer) => boolean;
  /** There is something to send. */
  made: () => void;
};

export class Painting {
  /** The title that the program gave its window, when a snapshot last told it. */
  title = '';
  private count = 0;
  private readonly parts: PaintingParts;

  constructor(parts: PaintingParts) {
    this.parts = parts;
  }

  /** Asks the emulator for the screen at or after the cursor; its offset is what the emulator has parsed (CU-6). */
  take(a: Attachment): void {
    const { log, screen, clock, waits, made } = this.parts;
    const transfer: SnapshotTransfer = {
      id: ++this.count,
      offset: 0,
      size: sizeOf(log),
      bytes: null,
      total: 0,
      sent: 0,
      acked: 0,
    };
    a.snapshot = transfer;
    // One further behind would only be followed by the next.
    screen.snapshot(Math.max(a.cursor, log.base, log.end - replayLimit(a.window.rate)), (painted) => {
      if (!waits(a, transfer)) return;
      const { offset, size, title, ...snapshot } = painted ?? this.bare(a);
      this.title = title;
      // FRAME-3: its terminal has most of what is above, and a slow viewer would wait for that longer than for the screen.
      const burden = snapshot.scrollback.length > (a.window.rate ?? 0) * LIMITS.windowTime;
      if (a.painted && burden) snapshot.scrollback = '';
      a.painted = true;
      a.blank = false;
      transfer.offset = offset;
      transfer.size = { cols: size.cols, rows: size.rows };
      transfer.bytes = encodeSnapshot(snapshot);
      transfer.total = Math.ceil(transfer.bytes.length / LIMITS.snapshotChunk);
      a.cursor = offset;
      a.ack = offset;
      a.jump = false;
      a.progressAt = clock.monotonic();
      a.window.reset();
      made();
    });
  }

  /** Sends chunks as far as the window allows; returns how many bytes. */
  send(a: Attachment, s: SnapshotTransfer, room: number): number {
    if (s.bytes === null) return 0;
    const { idBytes, alloc, frame } = this.parts;
    let sent = 0;
    while (s.sent < s.total && sent < room && (s.sent - s.acked) * LIMITS.snapshotChunk < a.window.size) {
      const from = s.sent * LIMITS.snapshotChunk;
      const bytes = s.bytes.subarray(from, from + LIMITS.snapshotChunk);
      const chunk = { id: s.id, index: s.sent, total: s.total, bytes };
      frame(snapshotFrame(idBytes, s.offset, s.size, a.to, chunk, alloc));
      s.sent++;
      sent += bytes.length;
    }
    return sent;
  }

  /** Without an emulator: an empty screen, which the end of the history follows. */
  private bare(a: Attachment): ScreenSnapshot {
    const { log } = this.parts;
    let at = Math.max(a.cursor, log.base, log.end - LIMITS.replay / 4);
    if (at > a.cursor) at = log.boundaryAfter(at);
    a.bareAt = at;
    return { offset: at, size: log.run(at, 1).size, title: this.title, scrollback: '', screen: '' };
  }
}

function sizeOf(log: OutputLog): Size {
  const { cols, rows } = log.size;
  return { cols, rows };
}
