// A pod's view of one attachment: which byte its client needs next, and how it gets it. SPEC.md CU, FL and DRAIN rules,
// the pod's side. It reads headers alone and forwards the frames it got.
import {
  type AttachMode,
  type Exit,
  FLAG_GAP,
  FRAME,
  type FrameType,
  frameAttempt,
  frameFlags,
  framePayloadLength,
  framePosition,
  frameRound,
  isFor,
  LIMITS,
  type MessageOf,
  type RelayToAgent,
  type RelayToClient,
  type SessionMessage,
  snapshotId,
  snapshotIndex,
  snapshotTotal,
} from '@hermit/protocol';
import type { Socket } from '@hermit/transport';
import type { Counters } from './counters.ts';
import type { AttachEnded } from './journal.ts';
import type { JsonWriter } from './json-writer.ts';

type Attach = MessageOf<RelayToAgent, 'attach'>;
type Tip = MessageOf<SessionMessage, 'tip'>;
type Cause = 'Gap' | 'Congestion' | 'Tip';
/** What its client gets: nothing yet; the shared frames; frames of its own; nothing, until its socket has drained. */
type ViewerState = 'attaching' | 'live' | 'catching_up' | 'congested';

/** What a viewer needs of the socket that it belongs to. */
export interface ViewerHost {
  readonly pod: {
    readonly counters: Counters;
    readonly machines: { send(machineId: string, message: string): void };
  };
  readonly socket: Socket;
  /** A message for the client. */
  tell(viewer: Viewer, message: RelayToClient): void;
  /** The attachment cannot be; the client has been told. */
  refused(viewer: Viewer): void;
}

export class Viewer {
  readonly machineId: string;
  readonly sessionId: string;
  readonly clientId: string;
  readonly attempt: number;
  readonly readOnly: boolean;
  readonly mode: AttachMode;
  /** What its agent is asked, until it has answered. */
  attach: Attach | null;
  /** That waits for the subscription (INT-1). */
  forwarding = false;
  /** Repeated by the reply, and forgotten then. */
  requestId: string | undefined;
  /** The agent has answered. */
  attached = false;
  gone = false;
  /** When input was forwarded whose echo is awaited (monotonic); 0: none. */
  typedAt = 0;
  /** Told once how the attach ended. */
  settle: AttachEnded = () => {};

  /** Set for a client with JSON encoding. */
  readonly json: JsonWriter | null;
  private readonly host: ViewerHost;
  private round = 0;
  private live = false;
  /** Next byte the client needs; null: it has no screen yet. */
  private expected: number | null;
  private snapshot: { id: number; have: number } | null = null;
  private marker = 0;
  private congested = false;
  /** The client has been told that its attachment is unknown. */
  private unknown = false;
  /** A later attempt has been answered: what this one misses is nobody's loss (DRAIN-3). */
  private moved = false;
  private end: { offset: number; exit: Exit } | null = null;
  private endTold = false;

  constructor(host: ViewerHost, machineId: string, attach: Attach, json: JsonWriter | null) {
    this.host = host;
    this.json = json;
    this.attach = attach;
    this.machineId = machineId;
    this.sessionId = attach.sessionId;
    this.clientId = attach.clientId;
    this.attempt = attach.attempt;
    this.readOnly = attach.readOnly;
    this.mode = attach.mode;
    this.expected = attach.from;
  }

  get nextByte(): number | null {
    return this.expected;
  }

  get state(): ViewerState {
    if (!this.attached) return 'attaching';
    if (this.congested) return 'congested';
    return this.live ? 'live' : 'catching_up';
  }

  // ---- Frames of the session

  /** Returns the bytes handed to the client. */
  frame(type: FrameType, frame: Uint8Array): number {
    if (type === FRAME.output) return this.live ? this.bytes(frame) : 0;
    if (!isFor(frame, this.clientId)) return 0;
    if (type === FRAME.inputAck) {
      // Input counts by its own number, whatever the attempt (CU-3). What a full socket misses is sent again (IN-1).
      const { json } = this;
      if (this.host.socket.buffered > LIMITS.socketBound) {
        this.host.pod.counters.framesDropped++;
        return 0;
      }
      const gap = (frameFlags(frame) & FLAG_GAP) !== 0;
      if (gap) this.host.pod.counters.inputGaps++;
      if (json) json.inputAck(framePosition(frame), gap);
      else this.host.socket.sendBinary(frame);
      return 0;
    }
    if (frameAttempt(frame) !== this.attempt || frameRound(frame) !== this.round) return 0;
    if (type === FRAME.addressed) return this.bytes(frame);
    return type === FRAME.snapshot ? this.chunk(frame) : 0;
  }

  private bytes(frame: Uint8Array): number {
    const { expected } = this;
    if (expected === null) return 0;
    const offset = framePosition(frame);
    if (offset > expected) {
      if (!this.congested) this.ask('Gap');
      return 0;
    }
    const length = framePayloadLength(frame);
    if (offset + length <= expected) return 0;
    if (!this.room(frame.length)) return 0;
    this.expected = offset + length;
    const { json } = this;
    if (json) json.output(frame, expected);
    else this.host.socket.sendBinary(frame);
    this.tellEnd();
    return length;
  }

  private chunk(frame: Uint8Array): number {
    const id = snapshotId(frame);
    const index = snapshotIndex(frame);
    const before = this.snapshot;
    const fresh = before === null || id > before.id;
    if (!fresh && id < before.id) return 0;
    const have = fresh ? 0 : before.have;
    if (index < have) return 0;
    if (index > have) {
      // While the socket is congested the missing one is asked for when it has drained.
      if (!this.congested) this.ask('Gap');
      return 0;
    }
    if (!this.room(frame.length)) return 0;
    if (fresh) this.host.pod.counters.snapshots++;
    this.snapshot = { id, have: have + 1 };
    this.host.socket.sendBinary(frame);
    if (have + 1 === snapshotTotal(frame)) this.expected = framePosition(frame);
    this.tellEnd();
    return framePayloadLength(frame);
  }

  /** FL-4: a congested socket is drained first, then the pod asks for what was missed. */
  private room(length: number): boolean {
    const { socket } = this.host;
    const { counters } = this.host.pod;
    if (!this.congested && socket.buffered + length <= LIMITS.socketBound) return true;
    counters.framesDropped++;
    if (this.congested) return false;
    this.congested = true;
    this.live = false;
    socket.whenBelow(LIMITS.socketBound / 2, () => {
      if (this.gone) return;
      this.congested = false;
      this.ask('Congestion');
    });
    return false;
  }

  // ---- Messages of the session

  message(m: SessionMessage): void {
    if (m.type === 'tip') {
      this.tip(m);
      return;
    }
    if (m.clientId !== this.clientId) return;
    if (m.attempt > this.attempt) this.moved = true;
    if (m.attempt !== this.attempt) return;
    switch (m.type) {
      case 'attached':
        this.tellAttached(m);
        return;
      case 'unknown_attachment':
        // Once: each of its acknowledgements is answered so, and a client that was away may have many on their way.
        if (!this.unknown) this.host.tell(this, m);
        this.unknown = true;
        return;
      case 'attach_refused':
        this.refused(m);
        return;
    }
    if (m.round !== this.round) return;
    switch (m.type) {
      case 'history_lost':
        this.historyLost(m.first);
        return;
      case 'catching_up':
        if (m.marker <= this.marker) return; // CU-10: an echo
        this.marker = m.marker;
        this.live = false;
        this.host.pod.counters.demotions++;
        return;
      case 'live':
        if (m.marker <= this.marker) return;
        this.marker = m.marker;
        if (this.congested) return;
        if (this.expected === null || this.expected < m.offset) this.ask('Gap');
        else this.live = true;
        return;
    }
  }

  private tellAttached(m: MessageOf<SessionMessage, 'attached'>): void {
    this.attached = true;
    // A stream from wherever history begins: the agent has said where.
    if (this.mode === 'stream') this.expected ??= m.first;
    const { requestId } = this;
    this.requestId = undefined;
    this.host.tell(this, { ...m, machineId: this.machineId, ...(requestId ? { requestId } : {}) });
    this.attach = null;
  }

  private refused(m: MessageOf<SessionMessage, 'attach_refused'>): void {
    const { code, message } = m;
    const { requestId, sessionId } = this;
    this.host.tell(this, { type: 'error', code, message, sessionId, ...(requestId ? { requestId } : {}) });
    this.host.refused(this);
  }

  private historyLost(first: number): void {
    if (this.expected !== null && first <= this.expected) return;
    this.expected = first;
    this.host.pod.counters.historyLost++;
    const { sessionId, clientId, attempt } = this;
    this.json?.jumped(first);
    this.host.tell(this, { type: 'history_lost', sessionId, clientId, attempt, first });
  }

  /** CU-1, CU-2: compares what the agent sent with what came. */
  private tip(m: Tip): void {
    const { sessionId, attempt } = this;
    const { end, cols, rows, sizePolicy, driver, exit } = m;
    if (exit) this.end = { offset: end, exit };
    const ended = exit ? { exit } : {};
    // A full socket needs no further reason to be slow; the tip comes again.
    if (this.host.socket.buffered <= LIMITS.socketBound) {
      this.host.tell(this, { type: 'tip', sessionId, attempt, end, cols, rows, sizePolicy, driver, ...ended });
    }
    if (!this.congested) this.compare(m);
    this.tellEnd();
    this.json?.tip(exit ? end : null);
  }

  private compare(m: Tip): void {
    const p = m.positions[this.clientId];
    if (!p || p.attempt !== this.attempt) return; // the client's own acks or attach will sort that out
    if (p.round < this.round) {
      this.request(); // our request is lost, or still under way: the same round again
      return;
    }
    if (p.round > this.round) return; // a stale or doubled tip
    const { snapshot, expected } = this;
    const behind =
      p.sent === null
        ? p.chunks > 0 &&
          (!snapshot || snapshot.id < p.snapshot || (snapshot.id === p.snapshot && snapshot.have < p.chunks))
        : expected === null || expected < p.sent;
    if (behind) this.ask('Tip');
    else if (p.live && p.marker >= this.marker) {
      this.marker = p.marker; // the marker was lost
      this.live = true;
    }
  }

  /** CU-7: the last byte, then `session_ended`. */
  private tellEnd(): void {
    const { end } = this;
    if (this.endTold || end === null || this.expected !== end.offset) return;
    this.endTold = true;
    this.host.tell(this, { type: 'session_ended', machineId: this.machineId, sessionId: this.sessionId, ...end.exit });
  }

  private ask(cause: Cause): void {
    if (this.moved) return;
    this.round++;
    this.host.pod.counters[`catchUps${cause}`]++;
    this.request();
  }

  private request(): void {
    this.live = false;
    const { sessionId, clientId, attempt, round, expected: from, snapshot } = this;
    this.host.pod.machines.send(
      this.machineId,
      JSON.stringify({ type: 'catch_up', sessionId, clientId, attempt, round, from, snapshot } satisfies RelayToAgent),
    );
  }
}
