// The attachments of one client socket: who may have them, how they begin, and how they end.
import {
  type ClientToRelay,
  HermitError,
  LIMITS,
  type MessageOf,
  type RelayToAgent,
  type RelayToClient,
} from '@hermit/protocol';
import type { Socket } from '@hermit/transport';
import { type Action, may } from '../auth/permissions.ts';
import type { Audiences } from './audiences.ts';
import type { KnownClient } from './directory.ts';
import { attachAsked } from './journal.ts';
import { JsonLine, JsonWriter } from './json-writer.ts';
import type { Machines } from './machines.ts';
import type { Look } from './observer.ts';
import type { Surroundings } from './pod-parts.ts';
import { type Right, Rights, type RightsHolder, type RightsHost, type Seat } from './rights.ts';
import { SeatList } from './seat-list.ts';
import { Viewer, type ViewerHost } from './viewer.ts';

type Attach = MessageOf<RelayToAgent, 'attach'>;

const SETTLED = () => {};

export interface SeatsHost
  extends RightsHost,
    Pick<Surroundings, 'id' | 'clock' | 'directory' | 'newId' | 'counters' | 'log' | 'observer'> {
  readonly audiences: Audiences;
  readonly machines: Pick<Machines, 'here' | 'send'>;
}

/** The socket that has them. */
interface SeatsSocket {
  readonly pod: SeatsHost;
  readonly socket: Socket;
  readonly connection: string;
  readonly address: string;
  readonly who: KnownClient | null;
  /** It has chosen base64 in text messages. */
  readonly json: boolean;
  send(m: RelayToClient): void;
  fail(error: HermitError, about: { requestId?: string | undefined; sessionId: string }): void;
  /** Not once the socket has closed. */
  after(ms: number, run: () => void): void;
  /** Runs `then` when the client may do it; otherwise it is told. */
  allow(action: Action, of: MessageOf<ClientToRelay, 'attach'>, then: (right: Right) => void): void;
}

export class Seats implements ViewerHost, RightsHolder {
  readonly pod: SeatsHost;
  readonly socket: Socket;
  /** One socket has at most one of each session. */
  readonly taken = new SeatList();
  readonly rights = new Rights(this);
  private readonly link: SeatsSocket;
  /** Made for a client with JSON encoding. */
  private line: JsonLine | null = null;

  constructor(link: SeatsSocket) {
    this.link = link;
    this.pod = link.pod;
    this.socket = link.socket;
  }

  get userId(): string | null {
    return this.link.socket.open ? (this.link.who?.userId ?? null) : null;
  }

  leaveAll(): void {
    for (const seat of this.taken.all) this.leave(seat, true);
  }

  attach(m: MessageOf<ClientToRelay, 'attach'>, who: KnownClient): void {
    const { sessionId, requestId } = m;
    const seat = this.taken.of(sessionId);
    if (seat && m.clientId === seat.viewer.clientId && m.attempt === seat.viewer.attempt) {
      const { viewer } = seat;
      viewer.requestId = requestId;
      viewer.attach ??= this.asked(m, who, viewer);
      this.forward(viewer); // CU-4: a repeat
      return;
    }
    if (seat && (m.clientId ?? '') !== seat.viewer.clientId) {
      this.link.fail(new HermitError('ALREADY_ATTACHED'), { requestId, sessionId });
      return;
    }
    if (seat && (m.attempt ?? 0) < seat.viewer.attempt) return;
    this.link.allow('attach', m, (right) => this.admit(m, who, right));
  }

  private admit(m: MessageOf<ClientToRelay, 'attach'>, who: KnownClient, right: Right): void {
    const { machineId, sessionId, requestId } = m;
    const readOnly = !may(right.role, 'type') || m.readOnly === true;
    const before = this.taken.of(sessionId);
    const clientId = m.clientId ?? this.pod.newId();
    const attempt = m.attempt ?? 1;
    if (before && before.viewer.clientId !== clientId) {
      this.link.fail(new HermitError('ALREADY_ATTACHED'), { requestId, sessionId });
      return;
    }
    if (before && before.viewer.attempt >= attempt) return;
    if (before) this.leave(before, false);
    else if (this.taken.all.length >= LIMITS.attachmentsPerSocket) {
      this.link.fail(new HermitError('ATTACHMENT_LIMIT'), { requestId, sessionId });
      return;
    }
    const attach = this.asked(m, who, { clientId, attempt, readOnly });
    const json = this.link.json ? this.jsonWriter(machineId, attach) : null;
    const viewer = new Viewer(this, machineId, attach, json);
    viewer.requestId = requestId;
    viewer.settle = attachAsked(this.pod, this.link.connection, machineId, attach);
    // A later attempt is the same look.
    const seat: Seat = { viewer, right, expiry: null, told: before?.told ?? false };
    this.taken.add(seat);
    this.rights.hold(seat, right);
    this.pod.counters.attaches++;
    this.pod.audiences.enter(viewer);
    this.forward(viewer);
    if (json) this.persist(viewer);
  }

  /** What the agent is asked. */
  private asked(
    m: MessageOf<ClientToRelay, 'attach'>,
    { userId }: KnownClient,
    { clientId, attempt, readOnly }: Pick<Attach, 'clientId' | 'attempt' | 'readOnly'>,
  ): Attach {
    return {
      type: 'attach',
      sessionId: m.sessionId,
      clientId,
      attempt,
      pod: this.pod.id,
      userId,
      connectionId: this.link.connection,
      readOnly,
      // JSON clients have no painter for snapshots.
      mode: this.link.json ? 'stream' : (m.mode ?? 'screen'),
      from: m.from ?? null,
      ...(m.cols && m.rows ? { cols: m.cols, rows: m.rows } : {}),
      inputFrom: m.inputFrom ?? 0,
    };
  }

  private jsonWriter(machineId: string, { sessionId, clientId, attempt, from }: Attach): JsonWriter {
    const toMachine = (frame: Uint8Array) => this.pod.machines.send(machineId, frame);
    this.line ??= new JsonLine(this.socket);
    return new JsonWriter({ sessionId, clientId, attempt, from }, this.line, this.pod.clock, toMachine);
  }

  refused(viewer: Viewer): void {
    const seat = this.taken.of(viewer.sessionId);
    if (seat?.viewer !== viewer) return;
    // An earlier attempt had been let in: that look ends here.
    if (seat.told) this.pod.observer.detached?.(this.lookOf(viewer, viewer.nextByte));
    this.leave(seat, false);
  }

  /** INT-1: only once this pod hears the session. */
  private forward(viewer: Viewer): void {
    const { machineId } = viewer;
    if (!viewer.attach) return;
    // However often it is repeated while that waits, it leaves once.
    if (!viewer.forwarding) {
      viewer.forwarding = true;
      this.pod.audiences.whenHearing(viewer, () => {
        viewer.forwarding = false;
        if (!viewer.gone && viewer.attach) this.pod.machines.send(machineId, JSON.stringify(viewer.attach));
      });
    }
    this.link.after(LIMITS.attachRetry, () => {
      if (viewer.attached || viewer.gone || this.pod.machines.here(machineId)) return;
      this.pod.directory.online([machineId], (online) => {
        if (!online || online.has(machineId) || viewer.attached || viewer.gone) return;
        const { sessionId, requestId } = viewer;
        viewer.settle({ code: 'MACHINE_OFFLINE' });
        this.link.fail(new HermitError('MACHINE_OFFLINE'), { sessionId, requestId });
      });
    });
  }

  /** A JSON client is too simple to repeat its attach, so the pod does (CU-4). */
  private persist(viewer: Viewer): void {
    this.link.after(LIMITS.attachRetry, () => {
      if (viewer.gone || viewer.attached) return;
      this.forward(viewer);
      this.persist(viewer);
    });
  }

  tell(viewer: Viewer, message: RelayToClient): void {
    if (message.type === 'attached') {
      viewer.settle('attached');
      viewer.settle = SETTLED;
    } else if (message.type === 'error') viewer.settle({ code: message.code });
    const seat = this.taken.of(viewer.sessionId);
    if (message.type === 'attached' && seat?.viewer === viewer && !seat.told) {
      seat.told = true;
      this.pod.observer.attached?.(this.lookOf(viewer, viewer.attach?.from ?? message.end));
    }
    if (seat && viewer.json && seat.viewer === viewer) {
      if (message.type === 'attached') viewer.json.inputSent = Math.max(viewer.json.inputSent, message.inputOffset);
      if (message.type === 'unknown_attachment') {
        this.again(viewer);
        return;
      }
    }
    this.link.send(message);
  }

  /** CU-4 for a JSON client: attaches anew from the byte it needs next. */
  private again(viewer: Viewer): void {
    const { who } = this.link;
    const { machineId, sessionId, clientId, attempt, readOnly, mode, nextByte: from } = viewer;
    const seat = this.taken.of(sessionId);
    if (!who || !seat) return;
    const inputFrom = viewer.json?.inputSent ?? 0;
    const known = { type: 'attach' as const, machineId, sessionId, clientId, mode, from, inputFrom, readOnly };
    this.admit({ ...known, attempt: attempt + 1 }, who, seat.right);
  }

  private lookOf({ machineId, sessionId, readOnly }: Viewer, offset: number | null): Look {
    const { address, who } = this.link;
    return { userId: who?.userId ?? '', machineId, sessionId, address, readOnly, offset };
  }

  detach({ sessionId, requestId }: MessageOf<ClientToRelay, 'detach'>): void {
    const seat = this.taken.of(sessionId);
    if (!seat) {
      this.link.fail(new HermitError('NOT_ATTACHED'), { requestId, sessionId });
      return;
    }
    this.leave(seat, true);
    this.link.send({ type: 'detached', sessionId, ...(requestId ? { requestId } : {}) });
  }

  /** `tell`: the agent shall forget the attachment; otherwise a later attempt of it goes on. */
  private leave(seat: Seat, tell: boolean): void {
    const { viewer } = seat;
    const { machineId, sessionId, clientId, attempt } = viewer;
    this.taken.remove(seat);
    this.rights.letGo(seat);
    viewer.json?.stop();
    viewer.gone = true;
    viewer.settle('abandoned');
    if (tell) {
      if (seat.told) this.pod.observer.detached?.(this.lookOf(viewer, viewer.nextByte));
      const detach = { type: 'detach', sessionId, clientId, attempt } satisfies RelayToAgent;
      this.pod.machines.send(machineId, JSON.stringify(detach));
    }
    this.pod.audiences.leave(viewer);
  }

  /** A share was withdrawn or has run out, or the machine was removed: the session is left, with a reason. */
  lost(seat: Seat, why: HermitError): void {
    const { sessionId } = seat.viewer;
    this.leave(seat, true);
    const { code, message } =
      why.code === 'UNAVAILABLE' ? why : new HermitError('FORBIDDEN', 'You may no longer use this session.');
    this.link.send({ type: 'detached', sessionId, code, message });
  }

  /** A viewer has become a driver, or the other way: the client attaches anew, and is asked who it is (CU-4). */
  altered(seat: Seat): void {
    if (seat.viewer.json) {
      this.lost(seat, new HermitError('FORBIDDEN'));
      return;
    }
    const { sessionId, clientId, attempt } = seat.viewer;
    this.leave(seat, true);
    this.link.send({ type: 'unknown_attachment', sessionId, clientId, attempt });
  }
}
