// Memory of large frames that comes back when their socket has taken them. V8 counts each new buffer as garbage to be, and
// in a flood collects everything, on helping threads, for every few dozen of them.
import { LIMITS } from '@hermit/protocol';

/** Smaller ones are not worth it; bytes. */
export const POOLED_FROM = 16 * 1024;
/** As long as the largest frame with its header: what else is as long is none of ours. */
const SIZE = LIMITS.frame + 64;
/** So many are kept for later. */
const KEPT = 8;

export class FramePool {
  private readonly free: ArrayBuffer[] = [];

  /** Bytes for a frame, with whatever was in them before. */
  readonly take = (length: number): Uint8Array => {
    if (length < POOLED_FROM || length > SIZE) return Buffer.allocUnsafeSlow(length);
    return new Uint8Array(this.free.pop() ?? new ArrayBuffer(SIZE), 0, length);
  };

  /** Nobody reads the frame any more. Once for each. */
  readonly giveBack = ({ buffer }: Uint8Array): void => {
    if (buffer.byteLength === SIZE && this.free.length < KEPT) this.free.push(buffer as ArrayBuffer);
  };
}
