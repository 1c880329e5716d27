// Terminal bytes as JSON, for scripts: base64 `data` messages. The pod acknowledges on such a client's behalf what its
// socket has drained, never what was merely written (FL-5).
import { ackFrame, framePayload, framePosition, LIMITS, type RelayToClient, uuidBytes } from '@hermit/protocol';
import type { Clock, Socket, Timer } from '@hermit/transport';

/** What all sessions of one socket write: one of them drains beside a flood of another, and its bytes count alone. */
export class JsonLine {
  private readonly socket: Socket;
  private written = 0;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  get open(): boolean {
    return this.socket.open;
  }

  /** Returns what `drained` has reached once this message has left. */
  send(message: RelayToClient): number {
    const text = JSON.stringify(message);
    this.written += text.length;
    this.socket.sendText(text);
    return this.written;
  }

  get last(): number {
    return this.written;
  }

  /** What else waits in the socket counts as ours: later, never too early. */
  get drained(): number {
    return this.written - this.socket.buffered;
  }
}

export class JsonWriter {
  /** Applied so far, and where input without an offset goes on. */
  inputSent = 0;
  private readonly sessionId: string;
  private readonly session: Uint8Array;
  private readonly attachment: Uint8Array;
  private readonly attempt: number;
  private readonly line: JsonLine;
  private readonly clock: Clock;
  private readonly toMachine: (frame: Uint8Array) => void;
  /** Offset reached by a message, and where the line is when it has drained. */
  private undrained: { upTo: number; written: number }[] = [];
  private acked: number | null;
  private end: number | null = null;
  private timer: Timer | null = null;
  /** CU-4: the attachment is a lease, and its loss has to be noticed. */
  private readonly keepalive: Timer;

  constructor(
    of: { sessionId: string; clientId: string; attempt: number; from: number | null },
    line: JsonLine,
    clock: Clock,
    toMachine: (frame: Uint8Array) => void,
  ) {
    this.sessionId = of.sessionId;
    this.session = uuidBytes(of.sessionId);
    this.attachment = uuidBytes(of.clientId);
    this.attempt = of.attempt;
    this.acked = of.from;
    this.line = line;
    this.clock = clock;
    this.toMachine = toMachine;
    this.keepalive = clock.every(LIMITS.ackKeepalive, () => this.acknowledge());
  }

  /** Sends the bytes of a frame from `from` on. */
  output(frame: Uint8Array, from: number): void {
    const offset = framePosition(frame);
    const payload = framePayload(frame).subarray(from - offset);
    const data = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('base64');
    this.write({ type: 'data', sessionId: this.sessionId, offset: from, data }, from + payload.length);
  }

  jumped(first: number): void {
    this.undrained.push({ upTo: first, written: this.line.last });
    this.look();
  }

  inputAck(offset: number, gap: boolean): void {
    this.write({ type: 'input_ack', sessionId: this.sessionId, offset, gap }, null);
  }

  /** Every tip is answered (CU-1); `end`: the session has ended there. */
  tip(end: number | null): void {
    this.end = end;
    this.acknowledge();
  }

  stop(): void {
    this.keepalive.cancel();
    this.timer?.cancel();
  }

  private write(message: RelayToClient, upTo: number | null): void {
    const written = this.line.send(message);
    if (upTo === null) return;
    this.undrained.push({ upTo, written });
    this.look();
  }

  private look(): void {
    this.timer ??= this.clock.after(LIMITS.ackDelay, () => {
      this.timer = null;
      const { drained, open } = this.line;
      const before = this.acked;
      while (this.undrained.length > 0 && (this.undrained[0]?.written ?? 0) <= drained) {
        this.acked = this.undrained.shift()?.upTo ?? this.acked;
      }
      if (this.acked !== before) this.acknowledge();
      if (this.undrained.length > 0 && open) this.look();
    });
  }

  private acknowledge(): void {
    const ended = this.end !== null && this.acked === this.end;
    this.toMachine(
      ackFrame(this.session, this.attachment, this.attempt, { offset: this.acked, snapshot: 0, chunks: 0, ended }),
    );
  }
}
