// A viewer over real sockets: the client library with a view that keeps what it is given, and an emulator of the screen.
import { createHash, type Hash, randomUUID } from 'node:crypto';
import {
  type Attachment,
  type AttachmentState,
  Connection,
  type Painting,
  type SessionStatus,
  type View,
} from '@hermit/client';
import type { Exit, HermitError, SessionInfo, Size, StartOptions } from '@hermit/protocol';
import { systemClock } from '@hermit/transport';
import { dialWs } from '@hermit/transport/node';
import { awakeTime } from './awake.ts';
import { until } from './wait.ts';

type ViewerOptions = {
  mode?: 'screen' | 'stream';
  from?: number | null;
  readOnly?: boolean;
  size?: Size;
  /** Bytes in a millisecond that its terminal takes. */
  rate?: number;
};

/** One person's connection to the relay, and what they look at. */
export class Person implements AsyncDisposable {
  readonly connection: Connection;
  readonly states: string[] = [];

  constructor(relay: string, token: () => string) {
    this.connection = new Connection({
      url: `${relay.replace(/^http/, 'ws')}/ws/client`,
      dial: dialWs(),
      clock: systemClock,
      random: Math.random,
      newId: randomUUID,
      token: (done) => done(token()),
      clientName: 'test',
    });
    this.connection.listen({ state: (state) => this.states.push(state.name) });
    this.connection.start();
  }

  start(machineId: string, options: StartOptions): Promise<SessionInfo> {
    return new Promise((resolve, reject) => {
      this.connection.request({ type: 'create_session', machineId, ...options }, (error, reply) =>
        reply ? resolve(reply.session) : reject(error),
      );
    });
  }

  sessions(machineId: string): Promise<SessionInfo[]> {
    return new Promise((resolve, reject) => {
      this.connection.request({ type: 'list_sessions', machineId }, (error, reply) =>
        reply ? resolve(reply.sessions) : reject(error),
      );
    });
  }

  look(machineId: string, sessionId: string, options: ViewerOptions = {}): TestViewer {
    return new TestViewer(this.connection, machineId, sessionId, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.connection.close('test over');
  }
}

/** The largest tail of output that is kept as text. */
const TAIL = 64 * 1024;

export class TestViewer {
  readonly attachment: Attachment;
  bytes = 0;
  tail = '';
  exit: Exit | null = null;
  error: HermitError | null = null;
  readonly states: AttachmentState[] = [];
  readonly lost: number[] = [];
  readonly refusals: string[] = [];
  readonly sizes: Size[] = [];
  snapshots = 0;
  snapshotBytes = 0;
  lastStatus: SessionStatus | null = null;
  /** Longest time between two deliveries while this process ran, milliseconds; since `mark`. */
  longestGap = 0;
  /** Everything painted, in order, for an emulator. */
  onPaint: ((painted: Uint8Array | Painting | Size) => void) | null = null;
  private at = awakeTime();
  private readonly hash: Hash = createHash('sha256');
  private readonly decoder = new TextDecoder();
  private readonly rate: number;
  private busyUntil = 0;
  /** What waits until it wakes; null: it is awake. */
  private slept: (() => void)[] | null = null;

  constructor(connection: Connection, machineId: string, sessionId: string, options: ViewerOptions) {
    this.rate = options.rate ?? Number.POSITIVE_INFINITY;
    const { rate: _, ...rest } = options;
    const from = rest.mode === 'stream' && rest.from === undefined ? { from: 0 } : {};
    this.attachment = connection.attach({ machineId, sessionId, view: this.view(), ...rest, ...from });
  }

  get sha256(): string {
    return this.hash.copy().digest('hex');
  }

  get state(): AttachmentState | undefined {
    return this.states.at(-1);
  }

  type(text: string): boolean {
    return this.attachment.type(new TextEncoder().encode(text));
  }

  mark(): void {
    this.at = awakeTime();
    this.longestGap = 0;
  }

  private delivered(): void {
    const now = awakeTime();
    this.longestGap = Math.max(this.longestGap, now - this.at);
    this.at = now;
  }

  /** Takes nothing more, as a tab in the background of a phone, until `wake`. */
  sleep(): void {
    this.slept ??= [];
  }

  wake(): void {
    const due = this.slept ?? [];
    this.slept = null;
    for (const done of due) done();
  }

  private consume(length: number, done: () => void): void {
    if (this.slept) this.slept.push(done);
    else if (this.rate === Number.POSITIVE_INFINITY) done();
    else {
      // One after the other, however many come at once.
      const now = performance.now();
      this.busyUntil = Math.max(now, this.busyUntil) + length / this.rate;
      setTimeout(done, this.busyUntil - now);
    }
  }

  async sees(text: string, deadlineMs?: number): Promise<void> {
    await until(
      () => `“${text}” appears; the end is ${JSON.stringify(this.tail.slice(-200))}`,
      () => this.tail.includes(text),
      deadlineMs,
    );
  }

  async live(): Promise<void> {
    await until(
      () => `the attachment is live, not ${this.state}`,
      () => this.state === 'live' || this.state === 'ended',
    );
  }

  async ended(deadlineMs?: number): Promise<Exit> {
    return until(
      () => `the session ends; at ${this.bytes} bytes, ${this.state}, ${JSON.stringify(this.tail.slice(-120))}`,
      () => {
        if (this.error) throw this.error;
        return this.exit;
      },
      deadlineMs,
    );
  }

  private view(): View {
    return {
      data: (bytes, done) => {
        this.delivered();
        this.bytes += bytes.length;
        this.hash.update(bytes);
        this.tail = (this.tail + this.decoder.decode(bytes, { stream: true })).slice(-TAIL);
        this.onPaint?.(bytes);
        this.consume(bytes.length, done);
      },
      snapshot: (painting, done) => {
        this.delivered();
        this.snapshots++;
        const length = painting.screen.length + painting.scrollback.length;
        this.snapshotBytes += length;
        this.tail = (this.tail + painting.screen).slice(-TAIL);
        this.onPaint?.(painting);
        this.consume(length, done);
      },
      resized: (size) => {
        this.sizes.push(size);
        this.onPaint?.(size);
      },
      state: (state) => this.states.push(state),
      status: (status) => {
        this.lastStatus = status;
      },
      historyLost: (first) => this.lost.push(first),
      ended: (exit) => {
        this.exit = exit;
      },
      refused: (error) => this.refusals.push(error.code),
      closed: (error) => {
        this.error = error;
      },
    };
  }
}
