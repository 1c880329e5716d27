// Numbered keystrokes: each byte of an attachment is applied once and in order, whatever arrives (IN-1, IN-2).
import { HermitError } from '@hermit/protocol';

type Position = { applied: number; userId: string };

/** The input positions of one session. They outlive the attachments. */
export class InputGate {
  private readonly positions = new Map<string, Position>();
  private readonly bound: number;
  private readonly present: (clientId: string) => boolean;

  /** `present`: who is attached now; their positions are never forgotten. */
  constructor(bound: number, present: (clientId: string) => boolean = () => false) {
    this.bound = bound;
    this.present = present;
  }

  /**
   * An attachment comes, or comes back, and knows `from` bytes to be applied. Returns how much was. Throws INPUT_LOST
   * when the position had to be forgotten (the client's number is never adopted), ATTACHMENT_TAKEN when the id is
   * somebody else's.
   */
  admit(clientId: string, userId: string, from: number): number {
    const known = this.positions.get(clientId);
    if (known) {
      if (known.userId !== userId) throw new HermitError('ATTACHMENT_TAKEN');
      return known.applied;
    }
    if (from > 0) throw new HermitError('INPUT_LOST');
    if (this.positions.size >= this.bound) this.forgetOne();
    this.positions.set(clientId, { applied: 0, userId });
    return 0;
  }

  private forgetOne(): void {
    for (const clientId of this.positions.keys()) {
      if (this.present(clientId)) continue;
      this.positions.delete(clientId);
      return;
    }
  }

  applied(clientId: string): number {
    return this.positions.get(clientId)?.applied ?? 0;
  }

  /**
   * Bytes from `position` on arrived. Returns those that are new (perhaps none), and whether bytes before them are
   * missing. At most `room` bytes are taken; the rest counts as not arrived.
   */
  take(clientId: string, position: number, bytes: Uint8Array, room: number): { fresh: Uint8Array; gap: boolean } {
    const at = this.positions.get(clientId);
    if (!at) return { fresh: bytes.subarray(0, 0), gap: true };
    if (position > at.applied) return { fresh: bytes.subarray(0, 0), gap: true };
    const fresh = bytes.subarray(Math.min(at.applied - position, bytes.length)).subarray(0, Math.max(0, room));
    at.applied += fresh.length;
    if (fresh.length > 0) {
      // The least recently used position is the one to forget when there are too many.
      this.positions.delete(clientId);
      this.positions.set(clientId, at);
    }
    return { fresh, gap: false };
  }
}
