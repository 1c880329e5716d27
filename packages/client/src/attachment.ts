// One view of one session, the same across reconnects: attaches by numbered attempts, acknowledges what was consumed,
// numbers what is typed. SPEC.md, CU-1 to CU-5, IN-1, IN-2, DRAIN-3, FL-4.
import {
  type AttachMode,
  ackFrame,
  type ClientToRelay,
  FLAG_GAP,
  FRAME,
  frameAttempt,
  frameFlags,
  framePosition,
  frameType,
  HermitError,
  inputFrame,
  isFor,
  type MessageOf,
  type RelayToClient,
  type Size,
  type SizePolicy,
  uuidBytes,
} from '@hermit/protocol';
import type { Clock, Random, Timer } from '@hermit/transport';
import { InputSender } from './input-sender.ts';
import { Output, type Taken } from './output.ts';
import { ReplySplitter } from './query-replies.ts';
import type { Tuning } from './tuning.ts';
import type { AttachmentState, SessionStatus, View } from './view.ts';
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

type Attached = MessageOf<RelayToClient, 'attached'>;
type Tip = MessageOf<RelayToClient, 'tip'>;
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
  private readonly output: Output;
  private readonly input: InputSender;
  private readonly wishes: Wishes;
  private readonly splitter = new ReplySplitter();
  private readonly sessionBytes: Uint8Array;
  private readonly leaseTimer: Timer;

  /** CU-3: the id is kept for life (only IN-2 ends it); every attach has a greater attempt. */
  private id: string;
  private idBytes: Uint8Array;
  private attempt = 0;
  /** What this attempt says of our input; in a handover more may be acknowledged before it is answered. */
  private inputFrom = 0;
  private link: Wire | null = null;
  private attached = false;
  /** The old link still serves, and nobody needs to notice. */
  private handover = false;
  private anewAt = Number.NEGATIVE_INFINITY;
  private attachTimer: Timer | null = null;

  private unacked = 0;
  /** So many bytes are acknowledged at once. */
  private ackAt: number;
  private ackTimer: Timer | null = null;
  /** When it runs out. */
  private ackDue = 0;
  private ackedAt = 0;
  private replyTimer: Timer | null = null;

  private machineOffline = false;
  private readOnly: boolean;
  private ownSize: Size | null;
  private status: SessionStatus | null = null;
  private shown: AttachmentState | null = null;
  private over = false;

  constructor(options: AttachOptions, ports: AttachmentPorts) {
    const { clock, random, tuning } = ports;
    this.ports = ports;
    this.view = options.view;
    this.machineId = options.machineId;
    this.sessionId = options.sessionId;
    this.mode = options.mode ?? 'screen';
    this.readOnly = options.readOnly ?? false;
    this.ownSize = options.size ?? null;
    this.sessionBytes = uuidBytes(options.sessionId);
    this.id = ports.newId();
    this.idBytes = uuidBytes(this.id);
    this.ackAt = Math.min(tuning.ackBytesLeast, tuning.ackBytes);
    this.output = new Output(this.view, this.mode, options.from ?? null, tuning.viewBound, {
      owe: (bytes) => {
        const little = bytes > 0 && this.unacked + bytes < tuning.ackLittle;
        this.owe(bytes, this.ackAt, little ? tuning.ackLittleDelay : tuning.ackDelay);
      },
      kept: (bytes) => this.owe(bytes, tuning.ackSnapshotBytes, tuning.ackDelay),
      changed: () => this.show(),
    });
    this.input = new InputSender(clock, tuning, {
      buffered: () => (this.attached && this.link ? this.link.buffered : null),
      send: (run) => {
        // An acknowledgement that is due soon wakes nobody twice when it travels with what is typed.
        if (this.ackTimer && this.ackDue - clock.monotonic() <= tuning.ackDelay) this.ack();
        this.link?.sendFrame(inputFrame(this.sessionBytes, this.idBytes, this.attempt, run.at, run.bytes, run.reply));
      },
      room: () => this.view.inputRoom?.(),
    });
    this.wishes = new Wishes(clock, random, (wish) => {
      if (this.attached) this.link?.send(wish);
      return this.attached;
    });
    this.leaseTimer = clock.every(tuning.ackKeepalive / 2, () => this.keepAlive());
  }

  // -- what a viewer does

  /** The attachment's id; who drives is named by it. */
  get clientId(): string {
    return this.id;
  }

  get live(): boolean {
    return this.attached;
  }

  /** Offset of the next byte wanted. */
  get offset(): number | null {
    return this.output.next;
  }

  /** Offset up to which the view has consumed everything. */
  get consumed(): number | null {
    return this.output.consumed;
  }

  /** Whether a terminal's replies to queries reach the program: the driver's only, and never during a replay. */
  get answering(): boolean {
    return this.attached && this.status?.driving === true && !this.output.catchingUp;
  }

  /** Bytes that `type` would still take. */
  get inputRoom(): number {
    return this.input.queue.room;
  }

  /** Typed bytes. False: refused, all of them: the queue is full, or one may not type. Never swallowed. */
  type(bytes: Uint8Array): boolean {
    return this.mayType && this.input.type(bytes, false);
  }

  /** A terminal's reply to a query. False: dropped. */
  answer(bytes: Uint8Array): boolean {
    return this.answering && this.mayType && this.input.type(bytes, true);
  }

  /**
   * What came from a terminal: typing and replies to queries are told apart. `answers`: whether replies may pass at
   * all; a terminal that replies late cannot say to what. False: typing was refused, all of it.
   */
  fromTerminal(bytes: Uint8Array, answers = true): boolean {
    if (!this.mayType || !this.input.fits(bytes.length + this.splitter.held)) return false;
    for (const part of this.splitter.push(bytes)) {
      if (!part.reply) this.type(part.bytes);
      else if (answers) this.answer(part.bytes);
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
    if (this.maySteer) this.wishes.put({ type: 'resize', sessionId: this.sessionId, ...size });
  }

  /** Takes over as the one who answers queries, and whose size counts under `driver`. */
  drive(): void {
    if (this.maySteer) this.wishes.put({ type: 'drive', sessionId: this.sessionId });
  }

  /** `size`: for `fixed`. */
  setSizePolicy(sizePolicy: SizePolicy, size?: Size): void {
    if (this.maySteer) this.wishes.put({ type: 'set_size_policy', sessionId: this.sessionId, sizePolicy, ...size });
  }

  /** Asks for a new picture of the screen, in place of what the view shows. Nothing in `stream` mode. */
  repaint(): void {
    if (this.mode !== 'screen' || this.over || this.output.endSeen) return;
    this.output.forget();
    if (this.link) this.anew();
  }

  /** Leaves the session; the program runs on. */
  detach(): void {
    if (this.over) return;
    this.ack();
    this.link?.send({ type: 'detach', sessionId: this.sessionId });
    this.leave();
    this.output.stop();
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

  /** DRAIN-3: of a link that is being left only bytes count, and what the agent says of our input. */
  message(link: Wire, m: RelayToClient): void {
    if (this.over || link !== this.link) return;
    switch (m.type) {
      case 'attached':
        this.onAttached(m);
        return;
      case 'unknown_attachment':
        if (this.attached && this.isThisAttempt(m)) this.anew();
        return;
      case 'tip':
        this.output.end(m.end, m, m.exit);
        this.learn(m);
        this.ack(); // CU-1: always answered, also by an unchanged one
        return;
      case 'history_lost':
        if (this.isThisAttempt(m)) this.output.historyLost(m.first);
        return;
      case 'detached':
        if (m.code !== undefined) this.onError({ code: m.code, message: m.message ?? m.code }, true);
        return;
      case 'error':
        if (m.requestId === undefined || m.requestId === this.requestId) this.onError(m, false);
        return;
    }
  }

  frame(link: Wire, b: Uint8Array): void {
    if (this.over) return;
    const type = frameType(b);
    if (this.machineOffline) this.heardOfMachine(link);
    if (type === FRAME.output) {
      this.verify(link, this.output.bytes(b, false), true);
      return;
    }
    if (type === 0 || !isFor(b, this.idBytes)) return;
    const present = link === this.link && frameAttempt(b) === this.attempt;
    if (type === FRAME.addressed) this.verify(link, this.output.bytes(b, present), present);
    else if (type === FRAME.snapshot && present) this.verify(link, this.output.chunk(b), true);
    else if (type === FRAME.inputAck) this.input.acked(framePosition(b), (frameFlags(b) & FLAG_GAP) !== 0);
  }

  // -- attaching

  private get requestId(): string {
    return `${this.id}:${this.attempt}`;
  }

  private isThisAttempt(m: { clientId: string; attempt: number }): boolean {
    return m.clientId === this.id && m.attempt === this.attempt;
  }

  /** DRAIN-3: gaps of a link that is being left do not count, nor those of an attempt that was given up. */
  private verify(link: Wire, taken: Taken, ofThisAttempt: boolean): void {
    if (taken === 'gap' && ofThisAttempt && link === this.link && this.attached) this.anew();
  }

  /** Whoever said that the machine is offline was mistaken, or it has come back: its frames arrive. */
  private heardOfMachine(link: Wire): void {
    if (link !== this.link) return;
    this.machineOffline = false;
    this.show();
  }

  private begin(): void {
    this.attempt++;
    this.inputFrom = this.input.queue.acked;
    this.attached = false;
    this.output.begin();
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
      from: this.output.next,
      readOnly: this.readOnly,
      inputFrom: this.inputFrom,
      ...this.ownSize,
      requestId: this.requestId,
    });
    this.attachTimer?.cancel();
    const wait = this.ports.tuning.attachRetry * (0.9 + 0.2 * this.ports.random());
    this.attachTimer = this.ports.clock.after(wait, () => {
      this.handover = false; // not answered in good time: somebody has noticed
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
    if (!this.isThisAttempt(m) || this.attached) return;
    this.attachTimer?.cancel();
    this.attachTimer = null;
    const { queue } = this.input;
    if (!m.readOnly && (m.inputOffset < this.inputFrom || m.inputOffset > queue.end)) {
      this.newIdentity();
      return;
    }
    this.attached = true;
    this.machineOffline = false;
    this.readOnly = m.readOnly;
    // In a handover nothing was away: what comes is as fresh as before.
    if (!this.handover) this.output.replayUntil = m.end;
    this.handover = false;
    if (m.first === m.end) this.output.historyIsEmpty(m.end);
    this.output.attached(m.end, m);
    this.learn(m);
    if (!m.readOnly) this.input.acked(m.inputOffset, false);
    else if (this.input.restart()) this.view.refused(new HermitError('READ_ONLY'));
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

  /** Who drives, and whose size counts. */
  private learn(m: Attached | Tip): void {
    const { driver, sizePolicy } = m;
    const driving = driver === this.id;
    if (driving) this.wishes.settle('drive');
    const wish = this.wishes.get('set_size_policy');
    if (wish?.type === 'set_size_policy' && wish.sizePolicy === sizePolicy && wish.cols === undefined)
      this.wishes.settle('set_size_policy');
    const status: SessionStatus = { driver, driving, sizePolicy, readOnly: this.readOnly };
    const was = this.status;
    const same = was?.driver === driver && was.sizePolicy === sizePolicy && was.readOnly === this.readOnly;
    this.status = status;
    if (!same || was.driving !== driving) this.view.status(status);
  }

  // -- acknowledgements

  /**
   * FL-4: within 20 ms, or at once when it is much. How much grows while it comes fast, from below the least window:
   * few acknowledgements of a flood, and none that a small window has to wait for. An echo is no more than a little, and
   * nobody waits for its acknowledgement.
   */
  private owe(bytes: number, atOnce: number, delay: number): void {
    if (this.over) return;
    const { tuning, clock } = this.ports;
    this.unacked += bytes;
    if (this.unacked >= atOnce) {
      this.ackAt = Math.min(2 * this.ackAt, tuning.ackBytes);
      this.ack();
      return;
    }
    const due = clock.monotonic() + delay;
    if (this.ackTimer && this.ackDue <= due) return;
    this.ackTimer?.cancel();
    this.ackDue = due;
    this.ackTimer = clock.after(delay, () => {
      this.ackAt = Math.min(tuning.ackBytesLeast, tuning.ackBytes);
      this.ack();
    });
  }

  private ack(): void {
    this.ackTimer?.cancel();
    this.ackTimer = null;
    this.unacked = 0;
    if (!this.attached || this.over) return;
    this.ackedAt = this.ports.clock.monotonic();
    this.link?.sendFrame(
      ackFrame(this.sessionBytes, this.idBytes, this.attempt, {
        offset: this.output.consumed,
        ...this.output.snapshotProgress,
        ended: this.output.endSeen,
      }),
    );
  }

  // -- the rest

  private get mayType(): boolean {
    return this.maySteer && !this.output.endSeen;
  }

  private get maySteer(): boolean {
    return !this.over && !this.readOnly;
  }

  private show(): void {
    if (!this.over && this.handover) return; // the old link still serves: nothing to see
    const state = this.stateNow();
    if (state === this.shown) return;
    this.shown = state;
    this.view.state(state);
  }

  private stateNow(): AttachmentState {
    if (this.output.ended) return 'ended';
    if (this.over) return 'detached';
    if (!this.link) return 'waiting';
    if (this.machineOffline) return 'machine-offline';
    if (!this.attached) return 'attaching';
    return this.output.catchingUp ? 'catching-up' : 'live';
  }

  private fail(error: HermitError): void {
    if (this.over) return;
    this.leave();
    this.output.close(error);
  }

  private leave(): void {
    this.over = true;
    this.attached = false;
    for (const timer of [this.leaseTimer, this.attachTimer, this.ackTimer, this.replyTimer]) timer?.cancel();
    this.input.stop();
    this.wishes.stop();
    this.ports.left(this);
  }
}
