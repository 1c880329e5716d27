// One view of one session, the same across reconnects: attaches by numbered attempts, acknowledges what was consumed,
// numbers what is typed. SPEC.md, CU-1 to CU-5, IN-1, IN-2, DRAIN-3, FL-4.
import {
  type AttachMode,
  ackFrame,
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
import { Acknowledger } from './acknowledger.ts';
import { verdictOf } from './attach-verdicts.ts';
import type { AttachmentPorts, AttachOptions, Wire } from './attachment-ports.ts';
import { Attempts } from './attempts.ts';
import { InputSender } from './input-sender.ts';
import { Output, type Taken } from './output.ts';
import { Steering } from './steering.ts';
import { TerminalInput } from './terminal-input.ts';
import type { AttachmentState, View } from './view.ts';

type Attached = MessageOf<RelayToClient, 'attached'>;

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
  private readonly terminal: TerminalInput;
  private readonly steering: Steering;
  private readonly attempts: Attempts;
  private readonly acks: Acknowledger;
  private readonly sessionBytes: Uint8Array;

  /** What this attempt says of our input; in a handover more may be acknowledged before it is answered. */
  private inputFrom = 0;
  private link: Wire | null = null;
  private attached = false;
  /** The old link still serves, and nobody needs to notice. */
  private handover = false;
  private machineOffline = false;
  private readOnly: boolean;
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
    this.sessionBytes = uuidBytes(options.sessionId);
    this.attempts = new Attempts(ports, {
      send: () => this.sendAttach(),
      late: () => {
        this.handover = false; // not answered in good time: somebody has noticed
        this.show();
      },
    });
    this.acks = new Acknowledger(clock, tuning, () => this.sendAck());
    this.output = new Output(this.view, this.mode, options.from ?? null, tuning.viewBound, {
      owe: (bytes) => this.acks.consumed(bytes),
      kept: (bytes) => this.acks.kept(bytes),
      changed: () => this.show(),
    });
    this.input = new InputSender(clock, tuning, {
      buffered: () => (this.attached && this.link ? this.link.buffered : null),
      send: (runs) => {
        this.acks.along();
        const { idBytes, current } = this.attempts;
        for (const { at, bytes, reply } of runs)
          this.link?.sendFrame(inputFrame(this.sessionBytes, idBytes, current, at, bytes, reply));
        this.link?.flush();
      },
      room: () => this.view.inputRoom?.(),
    });
    this.terminal = new TerminalInput(clock, {
      fits: (length) => this.input.fits(length),
      type: (bytes) => this.type(bytes),
      answer: (bytes) => this.answer(bytes),
    });
    this.steering = new Steering(options.sessionId, options.size ?? null, clock, random, {
      allowed: () => this.maySteer,
      send: (wish) => {
        if (this.attached) this.link?.send(wish);
        return this.attached;
      },
      status: (status) => this.view.status(status),
    });
  }

  // -- what a viewer does

  /** The attachment's id; who drives is named by it. */
  get clientId(): string {
    return this.attempts.id;
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
    return this.attached && this.steering.driving && !this.output.catchingUp;
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
    return this.mayType && this.terminal.push(bytes, answers);
  }

  resize(size: Size): void {
    this.steering.resize(size);
  }

  /** Takes over as the one who answers queries, and whose size counts under `driver`. */
  drive(): void {
    this.steering.drive();
  }

  /** `size`: for `fixed`. */
  setSizePolicy(sizePolicy: SizePolicy, size?: Size): void {
    this.steering.setSizePolicy(sizePolicy, size);
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
    this.acks.now();
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
    this.attempts.ask();
    this.show();
  }

  disconnected(): void {
    if (this.over) return;
    this.link = null;
    this.attached = this.handover = this.machineOffline = false;
    this.attempts.settle();
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
    if (online) this.acks.now(); // an agent that has restarted says that it does not know us
    this.show();
  }

  /** A ping came: the lease is kept (CU-4), also while the timers of a hidden page sleep. */
  keepAlive(): void {
    this.acks.keepAlive();
  }

  /** DRAIN-3: of a link that is being left only bytes count, and what the agent says of our input. */
  message(link: Wire, m: RelayToClient): void {
    if (this.over || link !== this.link) return;
    switch (m.type) {
      case 'attached':
        this.onAttached(m);
        return;
      case 'unknown_attachment':
        if (this.attached && this.attempts.isCurrent(m)) this.anew();
        return;
      case 'tip':
        this.output.end(m.end, m, m.exit);
        this.learn(m);
        this.acks.now(); // CU-1: always answered, also by an unchanged one
        return;
      case 'history_lost':
        if (this.attempts.isCurrent(m)) this.output.historyLost(m.first);
        return;
      case 'detached':
        if (m.code !== undefined) this.onError(new HermitError(m.code, m.message ?? m.code), true);
        return;
      case 'error':
        if (m.requestId === undefined || m.requestId === this.attempts.requestId)
          this.onError(new HermitError(m.code, m.message), false);
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
    if (type === 0 || !isFor(b, this.attempts.id)) return;
    const present = link === this.link && frameAttempt(b) === this.attempts.current;
    if (type === FRAME.addressed) this.verify(link, this.output.bytes(b, present), present);
    else if (type === FRAME.snapshot && present) this.verify(link, this.output.chunk(b), true);
    else if (type === FRAME.inputAck) this.input.acked(framePosition(b), (frameFlags(b) & FLAG_GAP) !== 0);
  }

  // -- attaching

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
    this.inputFrom = this.input.queue.acked;
    this.attached = false;
    this.output.begin();
    this.attempts.next();
  }

  private sendAttach(): boolean {
    if (!this.link || this.attached || this.over) return false;
    const { id: clientId, current: attempt, requestId } = this.attempts;
    const { machineId, sessionId, mode, readOnly, inputFrom } = this;
    const what = { machineId, sessionId, clientId, attempt, mode, from: this.output.next, readOnly, inputFrom };
    this.link.send({ type: 'attach', ...what, ...this.steering.size, requestId });
    return true;
  }

  /** Over the same link, with a greater attempt. */
  private anew(): void {
    this.reattached++;
    this.begin();
    this.attempts.askAnew();
    this.show();
  }

  private onAttached(m: Attached): void {
    if (!this.attempts.isCurrent(m) || this.attached) return;
    this.attempts.settle();
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
    this.acks.now();
    this.steering.resume();
    this.ports.answered();
    this.show();
  }

  /** IN-2: the agent has lost count of our input. What waits may have been applied or not: say so, never guess. */
  private newIdentity(): void {
    this.link?.send({ type: 'detach', sessionId: this.sessionId });
    this.attempts.newIdentity();
    if (this.input.restart()) this.view.refused(new HermitError('INPUT_LOST'));
    this.anew();
  }

  private onError(error: HermitError, unasked: boolean): void {
    switch (verdictOf(error.code, unasked)) {
      case 'machine-offline':
        this.machineOffline = true;
        this.show();
        return;
      case 'input-lost':
        this.newIdentity();
        return;
      case 'final':
        this.fail(error);
        return;
      case 'anew':
        if (this.attached) this.anew();
        return;
      case 'refused':
        this.view.refused(error);
        return;
    }
  }

  private learn(m: MessageOf<RelayToClient, 'attached' | 'tip'>): void {
    this.steering.learn(m, this.attempts.id, this.readOnly);
  }

  private sendAck(): boolean {
    if (!this.attached || this.over) return false;
    const { idBytes, current } = this.attempts;
    const { consumed: offset, snapshotProgress, endSeen: ended } = this.output;
    this.link?.sendFrame(ackFrame(this.sessionBytes, idBytes, current, { offset, ...snapshotProgress, ended }));
    return true;
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
    for (const part of [this.acks, this.input, this.terminal, this.steering]) part.stop();
    this.attempts.settle();
    this.ports.left();
  }
}
