// One view of one session: verifies what arrives, hands it to the view in order, acknowledges what was consumed,
// numbers what is typed; the same across reconnects. SPEC.md, CU-1 to CU-11, IN-1, IN-2, DRAIN-3, DRAIN-4, FL-4.
import {
  type AttachMode,
  ackFrame,
  type ClientToRelay,
  type Exit,
  FLAG_GAP,
  FRAME,
  frameAttempt,
  frameCols,
  frameFlags,
  framePayload,
  framePosition,
  frameRows,
  frameType,
  HermitError,
  inputFrame,
  isFor,
  type RelayToClient,
  type Size,
  type SizePolicy,
  type Snapshot,
  uuidBytes,
} from '@hermit/protocol';
import type { Clock, Random, Timer } from '@hermit/transport';
import { InputSender } from './input-sender.ts';
import { ReplySplitter } from './query-replies.ts';
import { SnapshotAssembly } from './snapshot-assembly.ts';
import type { Tuning } from './tuning.ts';
import type { AttachmentState, SessionStatus, View } from './view.ts';
import { ViewQueue } from './view-queue.ts';
import { Wishes } from './wishes.ts';

export type AttachOptions = {
  machineId: string;
  sessionId: string;
  view: View;
  /** `screen` (default): a snapshot, then live. `stream`: every byte from `from` on. */
  mode?: AttachMode;
  /** First byte wanted in `stream` mode; null: the first that is in history. */
  from?: number | null;
  readOnly?: boolean;
  /** Size of the view's terminal. */
  size?: Size;
};

/** What an attachment needs of a link. */
export interface Wire {
  readonly buffered: number;
  send(message: ClientToRelay): void;
  sendFrame(frame: Uint8Array): void;
}

export type AttachmentPorts = {
  clock: Clock;
  random: Random;
  newId: () => string;
  tuning: Tuning;
  /** The attach over the present link was answered. */
  answered(): void;
  /** Nothing more is wanted; the link is told by the attachment itself. */
  left(attachment: Attachment): void;
};

type Attached = Extract<RelayToClient, { type: 'attached' }>;
type Tip = Extract<RelayToClient, { type: 'tip' }>;
type Failed = { code: HermitError['code']; message: string };

/** Refusals that another try does not change. */
const FINAL: ReadonlySet<string> = new Set([
  'SESSION_NOT_FOUND',
  'MACHINE_NOT_FOUND',
  'USER_NOT_FOUND',
  'FORBIDDEN',
  'ATTACHMENT_LIMIT',
  'ATTACHMENT_TAKEN',
  'ALREADY_ATTACHED',
  'HISTORY_LOST',
  'INVALID_MESSAGE',
  'PROTOCOL_VERSION',
]);
/** The attach is repeated anyway (CU-4); there is nothing to say. */
const PASSING: ReadonlySet<string> = new Set(['DRAINING', 'UNAVAILABLE', 'TIMEOUT', 'INTERNAL', 'RATE_LIMITED']);
/** A terminal's reply that came in two parts is waited for this long, milliseconds. */
const REPLY_WAIT_MS = 50;

export class Attachment {
  readonly machineId: string;
  readonly sessionId: string;
  readonly mode: AttachMode;
  /** Attaches beyond those that a new link needs: gaps and unknown attachments. For diagnosis. */
  reattached = 0;
  private readonly ports: AttachmentPorts;
  private readonly view: View;
  private readonly sessionBytes: Uint8Array;
  private readonly queue = new ViewQueue();
  private readonly input: InputSender;
  private readonly wishes: Wishes;
  private readonly splitter = new ReplySplitter();
  private readonly keepalive: Timer;

  /** CU-3: the id is kept for life (IN-2 alone ends it); every attach has a greater attempt. */
  private id: string;
  private idBytes: Uint8Array;
  private attempt = 0;
  private link: Wire | null = null;
  private attached = false;
  private handover = false;
  private anewAt = Number.NEGATIVE_INFINITY;
  private attachTimer: Timer | null = null;

  /** Offset of the next byte wanted; null: a screen that has nothing yet. */
  private next: number | null;
  /** What the view has consumed, and what it was told of the size. */
  private consumedTo: number | null;
  private size: Size | null = null;
  private painted = false;
  private painting = 0;
  /** Bytes before this offset are old: nobody answers queries in them. */
  private replayUntil = 0;
  private snapshots = new SnapshotAssembly();
  private exit: { end: number; exit: Exit } | null = null;
  /** The end has arrived; and, later, has been painted. */
  private endSeen = false;
  private ended = false;

  private unacked = 0;
  private ackTimer: Timer | null = null;
  private ackedAt = 0;

  private machineOffline = false;
  private readOnly: boolean;
  private ownSize: Size | null;
  private status: SessionStatus | null = null;
  private shown: AttachmentState | null = null;
  private over = false;
  private replyTimer: Timer | null = null;

  constructor(options: AttachOptions, ports: AttachmentPorts) {
    this.ports = ports;
    this.view = options.view;
    this.machineId = options.machineId;
    this.sessionId = options.sessionId;
    this.mode = options.mode ?? 'screen';
    this.readOnly = options.readOnly ?? false;
    this.ownSize = options.size ?? null;
    this.next = this.consumedTo = this.mode === 'stream' ? (options.from ?? null) : null;
    this.sessionBytes = uuidBytes(options.sessionId);
    this.id = ports.newId();
    this.idBytes = uuidBytes(this.id);
    this.input = new InputSender(ports.clock, ports.tuning, {
      buffered: () => (this.attached && this.link ? this.link.buffered : null),
      send: (run) =>
        this.link?.sendFrame(inputFrame(this.sessionBytes, this.idBytes, this.attempt, run.at, run.bytes, run.reply)),
      room: () => this.view.inputRoom?.(),
    });
    this.wishes = new Wishes(ports.clock, ports.random, (wish) => {
      if (!this.attached) return false;
      this.link?.send(wish);
      return true;
    });
    const half = ports.tuning.ackKeepalive / 2;
    this.keepalive = ports.clock.every(half, () => this.keepAlive());
  }

  // -- what a viewer does

  /** The attachment's id; who drives is named by it. */
  get clientId(): string {
    return this.id;
  }

  get live(): boolean {
    return this.attached;
  }

  /** Offset of the next byte wanted; what `--from` of a later attach would be. */
  get offset(): number | null {
    return this.next;
  }

  get consumed(): number | null {
    return this.consumedTo;
  }

  /** Whether a terminal's replies to queries reach the program: the driver's only, and never during a replay. */
  get answering(): boolean {
    return this.attached && this.status?.driving === true && this.painting === 0 && !this.replaying;
  }

  get inputRoom(): number {
    return this.input.queue.room;
  }

  /** Typed bytes. False: refused, all of them: the queue is full, or one may not type. Never swallowed. */
  type(bytes: Uint8Array): boolean {
    return this.enqueue(bytes, false);
  }

  /** A terminal's reply to a query. False: dropped. */
  answer(bytes: Uint8Array): boolean {
    return this.answering && this.enqueue(bytes, true);
  }

  /** What came from a terminal: typing and replies to queries are told apart. False: typing was refused, all of it. */
  fromTerminal(bytes: Uint8Array): boolean {
    if (this.over || this.readOnly || this.endSeen) return false;
    if (!this.input.fits(bytes.length + this.splitter.held)) return false;
    for (const part of this.splitter.push(bytes)) {
      if (part.reply) this.answer(part.bytes);
      else this.type(part.bytes);
    }
    this.replyTimer?.cancel();
    this.replyTimer = null;
    if (this.splitter.held > 0)
      this.replyTimer = this.ports.clock.after(REPLY_WAIT_MS, () => {
        for (const part of this.splitter.flush()) this.type(part.bytes);
      });
    return true;
  }

  resize(size: Size): void {
    this.ownSize = size;
    if (!this.over && !this.readOnly) this.wishes.put({ type: 'resize', sessionId: this.sessionId, ...size });
  }

  /** Takes over as the one who answers queries, and whose size counts under `driver`. */
  drive(): void {
    if (!this.over && !this.readOnly) this.wishes.put({ type: 'drive', sessionId: this.sessionId });
  }

  /** `size`: for `fixed`. */
  setSizePolicy(sizePolicy: SizePolicy, size?: Size): void {
    if (!this.over && !this.readOnly)
      this.wishes.put({ type: 'set_size_policy', sessionId: this.sessionId, sizePolicy, ...size });
  }

  /** Leaves the session; the program runs on. */
  detach(): void {
    if (this.over) return;
    if (this.attached) this.ack();
    this.link?.send({ type: 'detach', sessionId: this.sessionId });
    this.leave();
    this.queue.stop();
    this.show();
  }

  // -- what the connection tells

  /** A link stands, and is the one to use from now on. `handover`: the old one delivers until this one has answered. */
  connected(link: Wire, handover: boolean): void {
    if (this.over) return;
    this.handover = handover && this.attached;
    this.link = link;
    this.begin();
    this.sendAttach();
    this.show();
  }

  disconnected(): void {
    if (this.over) return;
    this.link = null;
    this.attached = this.handover = this.machineOffline = false;
    this.attachTimer?.cancel();
    this.show();
  }

  /** The connection is over; so is this. */
  abandoned(error: HermitError): void {
    this.fail(error);
  }

  /** Presence of the machine has changed. */
  machine(online: boolean): void {
    if (this.over) return;
    this.machineOffline = !online && this.link !== null;
    if (online) this.ack(); // an agent that has restarted says that it does not know us
    this.show();
  }

  /** CU-4: the lease. Also called when a ping comes: the timers of a hidden page sleep. */
  keepAlive(): void {
    if (this.ports.clock.monotonic() - this.ackedAt >= this.ports.tuning.ackKeepalive - 1) this.ack();
  }

  message(link: Wire, m: RelayToClient): void {
    if (this.over) return;
    const current = link === this.link;
    switch (m.type) {
      case 'attached':
        if (current) this.onAttached(m);
        return;
      case 'unknown_attachment':
        if (current && this.attached && m.clientId === this.id && m.attempt === this.attempt) this.anew();
        return;
      case 'tip':
        if (current) this.onTip(m);
        return;
      case 'history_lost':
        // DRAIN-3: a link that is being left counts for contiguous bytes alone.
        if (current && m.clientId === this.id && m.attempt === this.attempt) this.onHistoryLost(m.first);
        return;
      case 'detached':
        if (current && m.code !== undefined) this.onError({ code: m.code, message: m.message ?? m.code }, true);
        return;
      case 'error':
        if (current && (m.requestId === undefined || m.requestId === this.requestId)) this.onError(m, false);
        return;
    }
  }

  frame(link: Wire, b: Uint8Array): void {
    if (this.over) return;
    const type = frameType(b);
    if (type === FRAME.output) this.onOutput(link, b, false);
    else if (type === 0 || !isFor(b, this.idBytes)) return;
    else if (type === FRAME.addressed) this.onOutput(link, b, true);
    else if (type === FRAME.snapshot) this.onSnapshot(link, b);
    else if (type === FRAME.inputAck) this.input.acked(framePosition(b), (frameFlags(b) & FLAG_GAP) !== 0);
  }

  // -- attaching

  private get requestId(): string {
    return `${this.id}:${this.attempt}`;
  }

  private begin(): void {
    this.attempt++;
    this.attached = false;
    this.snapshots = new SnapshotAssembly();
    this.attachTimer?.cancel();
    this.attachTimer = null;
  }

  /** CU-4: repeated until it is answered. */
  private sendAttach(): void {
    if (!this.link || this.attached || this.over) return;
    this.link.send({
      type: 'attach',
      machineId: this.machineId,
      sessionId: this.sessionId,
      clientId: this.id,
      attempt: this.attempt,
      mode: this.mode,
      from: this.next,
      readOnly: this.readOnly,
      inputFrom: this.input.queue.acked,
      ...(this.ownSize ?? {}),
      requestId: this.requestId,
    });
    this.attachTimer?.cancel();
    const wait = this.ports.tuning.attachRetry * (0.9 + 0.2 * this.ports.random());
    this.attachTimer = this.ports.clock.after(wait, () => {
      this.handover = false; // not answered in good time: no longer something that nobody notices
      this.show();
      this.sendAttach();
    });
  }

  /** Over the same link, with a greater attempt. Paced, so that a pod which goes wrong is not stormed. */
  private anew(): void {
    this.reattached++;
    this.begin();
    const now = this.ports.clock.monotonic();
    const pause = this.anewAt + this.ports.tuning.gapPause - now;
    this.anewAt = now;
    if (pause > 0) this.attachTimer = this.ports.clock.after(pause, () => this.sendAttach());
    else this.sendAttach();
    this.show();
  }

  private onAttached(m: Attached): void {
    if (m.clientId !== this.id || m.attempt !== this.attempt || this.attached) return;
    this.attachTimer?.cancel();
    this.attachTimer = null;
    const { queue } = this.input;
    if (!m.readOnly && (m.inputOffset < queue.acked || m.inputOffset > queue.end)) {
      this.newIdentity();
      return;
    }
    this.attached = true;
    this.machineOffline = false;
    // In a handover nothing was away: what comes is as fresh as before.
    if (!this.handover) this.replayUntil = m.end;
    this.handover = false;
    if (this.next === null && this.mode === 'stream' && m.first === m.end) this.next = this.consumedTo = m.end;
    this.readOnly = m.readOnly;
    this.learn(m);
    if (m.readOnly && this.input.restart()) this.view.refused(new HermitError('READ_ONLY'));
    if (!m.readOnly) this.input.acked(m.inputOffset, false);
    this.input.resume();
    this.ack();
    this.wishes.resume();
    this.ports.answered();
    this.show();
  }

  /** IN-2: the agent has lost count of our input. What waits may have been applied or not: say so, never guess. */
  private newIdentity(): void {
    this.link?.send({ type: 'detach', sessionId: this.sessionId });
    this.id = this.ports.newId();
    this.idBytes = uuidBytes(this.id);
    if (this.input.restart()) this.view.refused(new HermitError('INPUT_LOST'));
    this.anew();
  }

  private onError(error: Failed, unasked: boolean): void {
    const { code, message } = error;
    if (code === 'MACHINE_OFFLINE') {
      this.machineOffline = true;
      this.show();
    } else if (code === 'INPUT_LOST') this.newIdentity();
    else if (FINAL.has(code)) this.fail(new HermitError(code, message));
    else if (code === 'NOT_ATTACHED' || (unasked && PASSING.has(code))) {
      if (this.attached) this.anew();
    } else if (unasked) this.fail(new HermitError(code, message));
    else if (!PASSING.has(code)) this.view.refused(new HermitError(code, message));
  }

  // -- output

  private onOutput(link: Wire, b: Uint8Array, addressed: boolean): void {
    const offset = framePosition(b);
    const current = link === this.link;
    const ofThisAttempt = !addressed || frameAttempt(b) === this.attempt;
    if (this.next === null) {
      // A stream from wherever history begins: the first byte says where that is.
      if (this.mode !== 'stream' || !addressed || !current || !ofThisAttempt) return;
      this.next = this.consumedTo = offset;
    }
    const skip = this.next - offset;
    if (skip < 0) {
      // DRAIN-3: gaps of a link that is being left do not count, nor those of an attempt that was given up.
      if (current && this.attached && ofThisAttempt) this.anew();
      return;
    }
    const payload = framePayload(b);
    if (skip >= payload.length || this.queue.pending > this.ports.tuning.viewBound) return;
    this.resizeView({ cols: frameCols(b), rows: frameRows(b) });
    this.deliver(payload.subarray(skip), offset + payload.length);
    this.endIfReached();
  }

  private deliver(bytes: Uint8Array, end: number): void {
    this.next = end;
    this.queue.push({
      length: bytes.length,
      alone: false,
      run: (done) => {
        this.painted = true;
        this.view.data(bytes, done);
      },
      consumed: () => this.consumedUpTo(end, bytes.length),
    });
  }

  private onSnapshot(link: Wire, b: Uint8Array): void {
    if (link !== this.link || frameAttempt(b) !== this.attempt) return;
    const { snapshots } = this;
    const taken = snapshots.take(b);
    if (taken === 'known') return;
    if (taken === 'gap') {
      if (this.attached) this.anew();
      return;
    }
    this.owe(framePayload(b).length);
    if (taken === 'more') return;
    const offset = framePosition(b);
    const id = snapshots.current;
    if (this.next !== null && offset < this.next) {
      snapshots.paintedAs(id); // the link that is being left has brought us further
      return;
    }
    let snapshot: Snapshot;
    try {
      snapshot = snapshots.decode();
    } catch {
      if (this.attached) this.anew();
      return;
    }
    this.next = offset;
    this.resizeView({ cols: frameCols(b), rows: frameRows(b) });
    this.painting++;
    this.queue.push({
      length: 0, // the bound is for what an agent may send past acknowledgements
      alone: true,
      run: (done) => {
        const repaint = this.painted;
        this.painted = true;
        this.view.snapshot({ ...snapshot, repaint }, done);
      },
      consumed: () => {
        this.painting--;
        snapshots.paintedAs(id);
        this.consumedUpTo(offset, 0);
      },
    });
    this.endIfReached();
  }

  private onHistoryLost(first: number): void {
    const from = this.next;
    if (from === null) {
      this.next = this.consumedTo = first;
      return;
    }
    if (first <= from) return;
    this.next = first;
    this.queue.push({
      length: 0,
      alone: true,
      run: (done) => {
        this.view.historyLost(first, from);
        done();
      },
      consumed: () => this.consumedUpTo(first, 0),
    });
  }

  /** CU-9: the view hears of a size before the bytes that were written for it, and after those that were not. */
  private resizeView(size: Size): void {
    if (this.size && this.size.cols === size.cols && this.size.rows === size.rows) return;
    this.size = size;
    this.queue.push({
      length: 0,
      alone: true,
      run: (done) => {
        this.view.resized(size);
        done();
      },
      consumed: () => {},
    });
  }

  private onTip(m: Tip): void {
    if (m.exit) this.exit = { end: m.end, exit: m.exit };
    this.learn(m);
    this.endIfReached();
    this.ack(); // CU-1: always answered, also by an unchanged one
  }

  /** What the end of the stream looks like: its size, who drives. */
  private learn(m: Attached | Tip): void {
    if (this.next === m.end) this.resizeView({ cols: m.cols, rows: m.rows });
    const driving = m.driver === this.id;
    if (driving) this.wishes.settle('drive');
    const policy = this.wishes.get('set_size_policy');
    if (policy?.type === 'set_size_policy' && policy.sizePolicy === m.sizePolicy && policy.cols === undefined)
      this.wishes.settle('set_size_policy');
    const was = this.status;
    const status = { driver: m.driver, driving, sizePolicy: m.sizePolicy, readOnly: this.readOnly };
    if (
      was?.driver === status.driver &&
      was.driving === driving &&
      was.sizePolicy === status.sizePolicy &&
      was.readOnly === status.readOnly
    )
      return;
    this.status = status;
    this.view.status(status);
  }

  /** CU-7: a view ends when it has reached the end, not when somebody says so. */
  private endIfReached(): void {
    const { exit } = this;
    if (!exit || this.endSeen || this.next === null || this.next < exit.end) return;
    this.endSeen = true;
    this.queue.push({
      length: 0,
      alone: true,
      run: (done) => {
        this.ended = true;
        this.show();
        this.view.ended(exit.exit);
        done();
      },
      consumed: () => {},
    });
  }

  // -- acknowledgements

  private consumedUpTo(offset: number, bytes: number): void {
    this.consumedTo = offset;
    this.owe(bytes);
    this.show();
  }

  /** FL-4: within 20 ms, or at once when it is much. */
  private owe(bytes: number): void {
    if (this.over) return;
    this.unacked += bytes;
    if (this.unacked >= this.ports.tuning.ackBytes) this.ack();
    else this.ackTimer ??= this.ports.clock.after(this.ports.tuning.ackDelay, () => this.ack());
  }

  private ack(): void {
    this.ackTimer?.cancel();
    this.ackTimer = null;
    this.unacked = 0;
    if (!this.attached || this.over) return;
    this.ackedAt = this.ports.clock.monotonic();
    this.link?.sendFrame(
      ackFrame(this.sessionBytes, this.idBytes, this.attempt, {
        offset: this.consumedTo,
        ...this.snapshots.progress,
        ended: this.endSeen,
      }),
    );
  }

  // -- the rest

  private get replaying(): boolean {
    return this.consumedTo === null || this.consumedTo < this.replayUntil;
  }

  private enqueue(bytes: Uint8Array, reply: boolean): boolean {
    return !this.over && !this.readOnly && !this.endSeen && this.input.type(bytes, reply);
  }

  private show(): void {
    if (!this.over && this.handover) return; // the old link still serves: nothing to see
    const state = this.stateNow();
    if (state === this.shown) return;
    this.shown = state;
    this.view.state(state);
  }

  private stateNow(): AttachmentState {
    if (this.ended) return 'ended';
    if (this.over) return 'detached';
    if (!this.link) return 'waiting';
    if (this.machineOffline) return 'machine-offline';
    if (!this.attached) return 'attaching';
    return this.painting > 0 || this.replaying ? 'catching-up' : 'live';
  }

  /** What has arrived is still painted; then the view hears why nothing follows, unless that was the end anyway. */
  private fail(error: HermitError): void {
    if (this.over) return;
    this.leave();
    if (this.endSeen) return;
    this.queue.push({
      length: 0,
      alone: true,
      run: (done) => {
        this.show();
        this.view.closed(error);
        done();
      },
      consumed: () => {},
    });
  }

  private leave(): void {
    this.over = true;
    this.attached = false;
    for (const timer of [this.keepalive, this.attachTimer, this.ackTimer, this.replyTimer]) timer?.cancel();
    this.input.stop();
    this.wishes.stop();
    this.ports.left(this);
  }
}
