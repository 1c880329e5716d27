// The receiving end of one view: verifies offsets, puts snapshots together, hands everything to the view in order and
// counts what it has consumed. Knows nothing of links and attempts. SPEC.md, CU-6, CU-7, CU-9, CU-11.
import {
  type AttachMode,
  type Exit,
  frameCols,
  framePayload,
  framePosition,
  frameRows,
  type HermitError,
  type Size,
  type Snapshot,
} from '@hermit/protocol';
import { SnapshotAssembly } from './snapshot-assembly.ts';
import type { View } from './view.ts';
import { ViewQueue } from './view-queue.ts';

type OutputPort = {
  /** So many bytes were consumed (0: a snapshot, a jump, the end); an acknowledgement is due. */
  owe(bytes: number): void;
  /** So many bytes of a snapshot are here. */
  kept(bytes: number): void;
  /** What the view shows may have another state now. */
  changed(): void;
};

/** `gap`: what came cannot follow what is here; ask again from `next`. */
export type Taken = 'taken' | 'gap';

export class Output {
  /** Offset of the next byte wanted; null: a screen that has nothing yet, or a stream that begins where history does. */
  next: number | null;
  /** Offset up to which the view has consumed everything. */
  consumed: number | null;
  /** Bytes before this offset are old: nobody answers queries in them. */
  replayUntil = 0;
  /** The end has arrived; and, later, has been painted. */
  endSeen = false;
  ended = false;
  /** What was handed over before the view forgot moves no offset any more. */
  private era = 0;
  private size: Size | null = null;
  /** The last size that was told, and the end it is of; null once bytes beyond it bring their own. */
  private tip: { end: number; size: Size } | null = null;
  private painted = false;
  private snapshotsWaiting = 0;
  private snapshots = new SnapshotAssembly();
  private exit: { end: number; exit: Exit } | null = null;
  private readonly queue = new ViewQueue();
  private readonly view: View;
  private readonly mode: AttachMode;
  private readonly bound: number;
  private readonly port: OutputPort;

  constructor(view: View, mode: AttachMode, from: number | null, bound: number, port: OutputPort) {
    this.view = view;
    this.mode = mode;
    this.next = this.consumed = mode === 'stream' ? from : null;
    this.bound = bound;
    this.port = port;
  }

  /** A snapshot, or bytes from before the attach, are being painted. */
  get catchingUp(): boolean {
    return this.snapshotsWaiting > 0 || this.replaying;
  }

  get replaying(): boolean {
    return this.consumed === null || this.consumed < this.replayUntil;
  }

  /** For the acknowledgement (CU-6). */
  get snapshotProgress(): { snapshot: number; chunks: number } {
    return this.snapshots.progress;
  }

  /** A new attempt: an incomplete snapshot is of no use to it. */
  begin(): void {
    this.snapshots = new SnapshotAssembly();
  }

  /** What has been shown does not count any more: a snapshot comes next. */
  forget(): void {
    this.next = this.consumed = null;
    this.era++;
  }

  /** An output frame. `mayBegin`: it is addressed to this attempt, so that a stream may begin with it. */
  bytes(b: Uint8Array, mayBegin: boolean): Taken {
    const offset = framePosition(b);
    if (this.next === null) {
      if (this.mode !== 'stream' || !mayBegin) return 'taken';
      this.next = this.consumed = offset;
    }
    const skip = this.next - offset;
    if (skip < 0) return 'gap';
    const payload = framePayload(b);
    // At or below what is here (DRAIN-4); or more than any agent sends: left out, and found as a gap.
    if (skip >= payload.length || this.queue.pending > this.bound) return 'taken';
    this.resizeView({ cols: frameCols(b), rows: frameRows(b) });
    this.deliver(payload.subarray(skip), offset + payload.length);
    this.sizeOfTheEnd();
    this.endIfReached();
    return 'taken';
  }

  /** One chunk of a snapshot for this attempt. */
  chunk(b: Uint8Array): Taken {
    const { snapshots } = this;
    const taken = snapshots.take(b);
    if (taken === 'known') return 'taken';
    if (taken === 'gap') return 'gap';
    this.port.kept(framePayload(b).length);
    if (taken === 'more') return 'taken';
    const offset = framePosition(b);
    const id = snapshots.current;
    if (this.next !== null && offset < this.next) {
      snapshots.paintedAs(id); // the link that is being left has brought us further
      return 'taken';
    }
    let snapshot: Snapshot;
    try {
      snapshot = snapshots.decode();
    } catch {
      return 'gap';
    }
    this.next = offset;
    this.resizeView({ cols: frameCols(b), rows: frameRows(b) });
    this.paint(snapshot, offset, () => snapshots.paintedAs(id));
    this.sizeOfTheEnd();
    this.endIfReached();
    return 'taken';
  }

  historyLost(first: number): void {
    const from = this.next;
    if (from !== null && first <= from) return;
    const { era } = this;
    this.next = first;
    if (from === null) this.consumed = first;
    else
      this.alone(
        () => this.view.historyLost(first, from),
        () => this.consumedUpTo(first, 0, era),
      );
  }

  /** Nothing is kept: a stream that begins where history does begins here. */
  historyIsEmpty(end: number): void {
    if (this.next === null && this.mode === 'stream') this.next = this.consumed = end;
  }

  /** The answer to an attach: a snapshot that is made for it may have a later size already. */
  attached(end: number, size: Size): void {
    this.tip = null;
    if (this.next === end) this.resizeView(size);
    this.endIfReached();
  }

  /** What a tip says of the end: its offset, its size, and how the program ended. It may be far ahead. */
  end(end: number, size: Size, exit: Exit | undefined): void {
    if (exit) this.exit = { end, exit };
    this.tip = { end, size };
    this.sizeOfTheEnd();
    this.endIfReached();
  }

  /** What has arrived is still painted; then the view hears why nothing follows, unless that was the end anyway. */
  close(error: HermitError): void {
    if (this.endSeen) return;
    this.alone(() => {
      this.port.changed();
      this.view.closed(error);
    });
  }

  /** Nothing more reaches the view. */
  stop(): void {
    this.queue.stop();
  }

  private deliver(bytes: Uint8Array, end: number): void {
    const { era } = this;
    this.next = end;
    this.queue.push({
      length: bytes.length,
      alone: false,
      run: (done) => {
        this.painted = true;
        this.view.data(bytes, done);
      },
      consumed: () => this.consumedUpTo(end, bytes.length, era),
    });
  }

  private paint(snapshot: Snapshot, offset: number, painted: () => void): void {
    const { era } = this;
    this.snapshotsWaiting++;
    this.queue.push({
      length: 0, // the bound is for what an agent may send past acknowledgements
      alone: true,
      run: (done) => {
        const repaint = this.painted;
        this.painted = true;
        this.view.snapshot({ ...snapshot, repaint }, done);
      },
      consumed: () => {
        this.snapshotsWaiting--;
        painted();
        this.consumedUpTo(offset, 0, era);
      },
    });
  }

  /** CU-9: the view hears of a size before the bytes that were written for it, and after those that were not. */
  private resizeView(size: Size): void {
    if (this.size && this.size.cols === size.cols && this.size.rows === size.rows) return;
    this.size = size;
    this.alone(() => this.view.resized(size));
  }

  /** CU-9: the size after the last byte. It may be told before that byte, or the snapshot in its place, is here. */
  private sizeOfTheEnd(): void {
    const { tip, next } = this;
    if (!tip || next === null || next < tip.end) return;
    if (next === tip.end) this.resizeView({ cols: tip.size.cols, rows: tip.size.rows });
    else this.tip = null;
  }

  /** CU-7: a view ends when it has reached the end, not when somebody says so. */
  private endIfReached(): void {
    const { exit } = this;
    if (!exit || this.endSeen || this.next === null || this.next < exit.end) return;
    this.endSeen = true;
    this.alone(
      () => {
        this.ended = true;
        this.port.changed();
        this.view.ended(exit.exit);
      },
      () => this.port.owe(0),
    );
  }

  private alone(tell: () => void, consumed: () => void = () => {}): void {
    this.queue.push({
      length: 0,
      alone: true,
      run: (done) => {
        tell();
        done();
      },
      consumed,
    });
  }

  private consumedUpTo(offset: number, bytes: number, era: number): void {
    if (era === this.era) this.consumed = offset;
    this.port.owe(bytes);
    this.port.changed();
  }
}
