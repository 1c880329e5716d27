// Puts the chunks of a snapshot together, by (id, index, total) (CU-6).
import {
  decodeSnapshot,
  framePayload,
  type Snapshot,
  snapshotId,
  snapshotIndex,
  snapshotTotal,
} from '@hermit/protocol';

/** A snapshot larger than this is a mistake of the other side, bytes. */
const BOUND = 64 * 1024 * 1024;

export class SnapshotAssembly {
  private id = 0;
  private total = 0;
  private parts: Uint8Array[] = [];
  private length = 0;
  /** The last chunk counts as consumed only when the snapshot is painted. */
  private painted = true;

  /** `gap`: this chunk cannot follow what is here. `known`: it was here before. */
  take(frame: Uint8Array): 'gap' | 'known' | 'more' | 'complete' {
    const id = snapshotId(frame);
    const index = snapshotIndex(frame);
    const total = snapshotTotal(frame);
    if (id < this.id) return 'known';
    if (id > this.id) {
      if (index !== 0 || total === 0) return 'gap';
      this.id = id;
      this.total = total;
      this.parts = [];
      this.length = 0;
      this.painted = false;
    }
    if (index < this.parts.length) return 'known';
    const chunk = framePayload(frame);
    if (index > this.parts.length || total !== this.total || this.length + chunk.length > BOUND) return 'gap';
    this.parts.push(chunk);
    this.length += chunk.length;
    return this.parts.length === this.total ? 'complete' : 'more';
  }

  /** The complete snapshot; its memory is let go. Throws a RangeError when the bytes are none. */
  decode(): Snapshot {
    const b = new Uint8Array(this.length);
    let at = 0;
    for (let i = 0; i < this.parts.length; i++) {
      const part = this.parts[i] as Uint8Array;
      b.set(part, at);
      at += part.length;
      this.parts[i] = part.subarray(0, 0);
    }
    return decodeSnapshot(b);
  }

  /** Calls of this for another snapshot than the present one do nothing. */
  paintedAs(id: number): void {
    if (id === this.id) this.painted = true;
  }

  get current(): number {
    return this.id;
  }

  /** For the acknowledgement. */
  get progress(): { snapshot: number; chunks: number } {
    const have = this.parts.length;
    return { snapshot: this.id, chunks: have === this.total && !this.painted ? have - 1 : have };
  }
}
