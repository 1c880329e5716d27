// What is typed on the terminal on its way into the session: held back for a moment when there is no room, refused
// aloud when the link is down. Never swallowed, never reordered.

type TypingPort = {
  /** False: no room for any of it. */
  send(bytes: Uint8Array): boolean;
  /** Whether room may come soon: the session takes input, only slower than it is pasted. */
  flowing(): boolean;
  /** These bytes go nowhere, and somebody has to know. */
  refused(length: number): void;
};

const PIECE = 16 * 1024;
/** What a paste may be ahead of the session, bytes. */
const HELD = 1024 * 1024;

export class Typing {
  private held: Uint8Array[] = [];
  private heldBytes = 0;
  private readonly port: TypingPort;

  constructor(port: TypingPort) {
    this.port = port;
  }

  type(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += PIECE) {
      const piece = bytes.subarray(at, at + PIECE);
      if (this.held.length === 0 && this.port.send(piece)) continue;
      if (!this.port.flowing() || this.heldBytes + piece.length > HELD) {
        this.port.refused(bytes.length - at);
        return;
      }
      this.held.push(new Uint8Array(piece)); // a copy, also of a Buffer, whose `slice` is none
      this.heldBytes += piece.length;
    }
  }

  /** There is room again. */
  flush(): void {
    for (let first = this.held[0]; first && this.port.send(first); first = this.held[0]) {
      this.held.shift();
      this.heldBytes -= first.length;
    }
  }
}
