// The pod's side of one client socket: who it is, what it asks for, and its attachments.
import {
  CLOSE,
  ClientToRelay,
  type CloseName,
  type CloseRule,
  type ErrorCode,
  FLAG_REPLY,
  FRAME,
  frameAttempt,
  frameFlags,
  frameSession,
  frameType,
  HermitError,
  inputFrame,
  isFor,
  LIMITS,
  type PodReply,
  PROTOCOL_OLDEST,
  PROTOCOL_VERSION,
  parserOf,
  type RelayToAgent,
  type RelayToClient,
  uuidBytes,
} from '@hermit/protocol';
import { Liveness, type Socket, type Timer } from '@hermit/transport';
import { type Action, may } from '../auth/permissions.ts';
import { Bucket } from './bucket.ts';
import type { KnownClient } from './directory.ts';
import { attachAsked, sessionAsked } from './journal.ts';
import { JsonWriter } from './json-writer.ts';
import type { Look } from './observer.ts';
import type { Pod } from './pod.ts';
import { type Held, type Right, Rights } from './rights.ts';
import { Viewer } from './viewer.ts';

/** Bad messages that are answered before the socket is closed. */
const PATIENCE = 50;
/** A client is asked to renew this long before its token ends, and let go this long after; milliseconds. */
const RENEW_BEFORE = 60_000;
const RENEW_GRACE = 15_000;
/** Text messages a client may send in a burst, and each second after it. */
const BURST = 400;
const PER_SECOND = 100;
/** The same of frames: input, and acknowledgements of all its attachments. */
const FRAME_BURST = 10_000;
const FRAMES_PER_SECOND = 5_000;
/** How a socket is closed that is not let in; where the token is not to blame, the client comes again with it. */
const REFUSED_WITH: Partial<Record<ErrorCode, CloseName>> = { UNAVAILABLE: 'notIntroduced', RATE_LIMITED: 'flood' };

type Of<T extends ClientToRelay['type']> = Extract<ClientToRelay, { type: T }>;
type Seat = Held & { json: JsonWriter | null; idBytes: Uint8Array };

const parse = parserOf(ClientToRelay);

export class ClientLink {
  who: KnownClient | null = null;
  readonly socket: Socket;
  readonly connection: string;
  /** Where it comes from. */
  readonly address: string;
  /** Its attachments by session; one socket has at most one of each. */
  readonly seats = new Map<string, Seat>();
  private readonly pod: Pod;
  private json = false;
  private introduced = false;
  private bad = 0;
  private readonly texts: Bucket;
  private readonly frames: Bucket;
  private readonly timers = new Set<Timer>();
  private renewal: Timer | null = null;
  private token = '';
  private readonly rights: Rights;
  private readonly liveness: Liveness;

  constructor(pod: Pod, socket: Socket, connection: string, address: string) {
    this.pod = pod;
    this.address = address;
    this.socket = socket;
    this.connection = connection;
    const now = pod.clock.monotonic();
    this.texts = new Bucket(BURST, PER_SECOND, now);
    this.frames = new Bucket(FRAME_BURST, FRAMES_PER_SECOND, now);
    this.liveness = new Liveness(
      pod.clock,
      () => this.send({ type: 'ping' }),
      () => socket.terminate(),
    );
    this.rights = new Rights({
      pod,
      userId: () => (socket.open ? (this.who?.userId ?? null) : null),
      seats: this.seats,
      lost: (seat, why) => this.lost(seat as Seat, why),
      altered: (seat) => this.altered(seat as Seat),
    });
    this.after(LIMITS.introduction, () => {
      if (this.who) return;
      if (!this.introduced) pod.observer.intruder?.(address);
      this.close(CLOSE.notIntroduced);
    });
    socket.events = {
      text: (message) => this.text(message),
      binary: (frame) => this.binary(frame),
      close: (code) => this.closed(code),
    };
  }

  send(m: RelayToClient): void {
    this.socket.sendText(JSON.stringify(m));
  }

  close(rule: CloseRule): void {
    this.socket.close(rule.code, rule.meaning);
  }

  private after(ms: number, run: () => void): void {
    const timer = this.pod.clock.after(ms, () => {
      this.timers.delete(timer);
      if (this.socket.open) run();
    });
    this.timers.add(timer);
  }

  private closed(closeCode: number): void {
    if (this.who) this.pod.log('client_left', { connection: this.connection, user: this.who.userId, closeCode });
    this.liveness.stop();
    this.renewal?.cancel();
    for (const timer of this.timers) timer.cancel();
    this.timers.clear();
    for (const seat of [...this.seats.values()]) this.leave(seat, true);
    this.pod.clientGone(this);
  }

  private fail(error: unknown, about: { requestId?: string | undefined; sessionId?: string } = {}): void {
    const { code, message } = error instanceof HermitError ? error : new HermitError('INTERNAL');
    const { requestId, sessionId } = about;
    this.send({
      type: 'error',
      code,
      message,
      ...(sessionId ? { sessionId } : {}),
      ...(requestId ? { requestId } : {}),
    });
  }

  private badMessage(error: unknown): void {
    this.pod.counters.badMessages++;
    const { code } = error instanceof HermitError ? error : new HermitError('INTERNAL');
    this.pod.log('client_bad_message', { connection: this.connection, user: this.who?.userId, code });
    this.fail(error);
    if (++this.bad > PATIENCE && this.socket.open) this.close(CLOSE.flood);
  }

  /** A client that floods is told so, and what it sent is not carried out. */
  private allowed(bucket: Bucket): boolean {
    if (bucket.take(this.pod.clock.monotonic())) return true;
    this.badMessage(new HermitError('RATE_LIMITED'));
    return false;
  }

  // ---- What the client says

  private text(message: string): void {
    if (this.bad > PATIENCE) return; // it has been closed, and says what it likes
    this.liveness.heard();
    if (!this.allowed(this.texts)) return;
    let m: ClientToRelay;
    try {
      if (message.length > LIMITS.message) throw new HermitError('MESSAGE_TOO_LARGE');
      m = parse(message);
    } catch (error) {
      this.badMessage(error);
      return;
    }
    if (m.type === 'auth') this.authenticate(m);
    else if (m.type === 'ping') this.send({ type: 'pong' });
    else if (m.type === 'pong') return;
    else if (!this.who) this.badMessage(new HermitError('NOT_AUTHENTICATED', 'Send `auth` first.'));
    else this.request(m, this.who);
  }

  private request(m: Exclude<ClientToRelay, Of<'auth' | 'ping' | 'pong'>>, who: KnownClient): void {
    switch (m.type) {
      case 'renew':
        this.renew(m, who);
        return;
      case 'list_machines':
        this.listMachines(m, who);
        return;
      case 'list_sessions':
        this.listSessions(m);
        return;
      case 'create_session':
        this.createSession(m, who);
        return;
      case 'kill_session':
        this.killSession(m);
        return;
      case 'attach':
        this.attach(m, who);
        return;
      case 'detach':
        this.detach(m);
        return;
      case 'data':
        this.jsonInput(m);
        return;
      default:
        this.steer(m);
    }
  }

  private binary(frame: Uint8Array): void {
    if (this.bad > PATIENCE) return;
    this.liveness.heard();
    const type = frameType(frame);
    if (!this.who) {
      this.badMessage(new HermitError('NOT_AUTHENTICATED', 'Send `auth` first.'));
      return;
    }
    if (!this.allowed(this.frames)) return;
    if (type !== FRAME.input && type !== FRAME.ack) {
      this.badMessage(new HermitError('INVALID_MESSAGE', 'Only input and ack frames go this way.'));
      return;
    }
    if (frame.length > LIMITS.message) {
      this.badMessage(new HermitError('MESSAGE_TOO_LARGE'));
      return;
    }
    if (this.json) {
      this.badMessage(new HermitError('INVALID_MESSAGE', 'This socket has chosen JSON encoding.'));
      return;
    }
    const sessionId = frameSession(frame);
    const seat = this.seats.get(sessionId);
    // Between a detach and its arrival, or of an attempt that was replaced: no error, and no effect.
    if (!seat || !isFor(frame, seat.idBytes) || frameAttempt(frame) !== seat.viewer.attempt) return;
    if (type === FRAME.input && seat.viewer.readOnly) {
      this.pod.counters.inputRefused++;
      this.fail(new HermitError('READ_ONLY'), { sessionId });
      return;
    }
    if (type === FRAME.input && (frameFlags(frame) & FLAG_REPLY) === 0) this.pod.typed(seat.viewer);
    this.towards(seat.viewer, frame);
  }

  private towards(viewer: Viewer, frame: Uint8Array): void {
    this.pod.counters.framesFromClients++;
    this.pod.counters.bytesFromClients += frame.length;
    this.pod.toMachine(viewer.machineId, frame);
  }

  // ---- Who it is

  private authenticate(m: Of<'auth'>): void {
    const { requestId } = m;
    if (this.introduced) {
      this.badMessage(new HermitError('ALREADY_AUTHENTICATED'));
      return;
    }
    this.introduced = true;
    if ((m.protocol ?? 1) < PROTOCOL_OLDEST) {
      const oldest = `This relay serves protocol ${PROTOCOL_OLDEST} and later; update the client.`;
      this.refuse(new HermitError('PROTOCOL_VERSION', oldest), CLOSE.protocol, requestId);
      return;
    }
    if (this.pod.draining) {
      this.refuse(new HermitError('DRAINING'), CLOSE.restart, requestId);
      return;
    }
    this.json = m.encoding === 'json';
    const { endings } = this.pod;
    this.pod.directory.client(
      m.token,
      (who) => {
        if (!this.socket.open) return;
        if (who instanceof HermitError) {
          if (who.code === 'INVALID_TOKEN') this.pod.observer.intruder?.(this.address);
          this.refuse(who, CLOSE[REFUSED_WITH[who.code] ?? 'unauthorized'], requestId);
          return;
        }
        if (this.pod.socketsOf(who.userId) >= LIMITS.socketsPerUser) {
          this.refuse(new HermitError('RATE_LIMITED', 'You have too many open connections.'), CLOSE.flood, requestId);
          return;
        }
        this.who = who;
        this.token = m.token;
        this.pod.counters.authentications++;
        this.pod.log('client_authenticated', { connection: this.connection, user: who.userId });
        this.pod.clientKnown(this, who);
        this.greet(who, requestId);
        // A login that ended while its token was looked at: the answer may be older.
        if (this.pod.endings !== endings) this.recheck();
      },
      true,
    );
  }

  private refuse(error: HermitError, rule: CloseRule, requestId: string | undefined): void {
    this.pod.counters.authenticationsRefused++;
    this.pod.log('client_refused', { connection: this.connection, code: error.code });
    this.fail(error, { requestId });
    this.close(rule);
  }

  private renew(m: Of<'renew'>, before: KnownClient): void {
    const { endings } = this.pod;
    this.pod.directory.client(m.token, (who) => {
      if (!this.socket.open) return;
      if (!(who instanceof HermitError) && who.userId === before.userId) {
        this.who = who;
        this.token = m.token;
        this.greet(who, m.requestId);
        // The new token may be of another login, which ended meanwhile.
        if (this.pod.endings !== endings) this.recheck();
      } else this.fail(who instanceof HermitError ? who : new HermitError('INVALID_TOKEN'), { requestId: m.requestId });
    });
  }

  private greet(who: KnownClient, requestId: string | undefined): void {
    const { userId: id, email, expiresAt } = who;
    const reply = requestId ? { requestId } : {};
    const protocol = PROTOCOL_VERSION;
    this.send({ type: 'authenticated', protocol, user: { id, email }, pod: this.pod.id, expiresAt, ...reply });
    this.renewal?.cancel();
    const left = expiresAt - this.pod.clock.now();
    this.renewal = this.pod.clock.after(Math.max(0, left - RENEW_BEFORE), () => {
      this.send({ type: 'renewal_due', expiresAt });
      this.renewal = this.pod.clock.after(Math.min(left, RENEW_BEFORE) + RENEW_GRACE, () => {
        this.fail(new HermitError('INVALID_TOKEN', 'The access token has ended and was not renewed.'));
        this.close(CLOSE.unauthorized);
      });
    });
  }

  /** What this socket was to hear may have been lost: its login and its rights are looked at again. */
  recheck(): void {
    if (!this.who) return;
    this.pod.directory.client(this.token, (who) => {
      if (!this.socket.open) return;
      if (!(who instanceof HermitError)) this.rights.changed(null, null);
      else if (who.code === 'INVALID_TOKEN' || who.code === 'USER_NOT_FOUND') this.revoke();
    });
  }

  /** What the user may do with a machine, or with one of its sessions, has changed. */
  rightsChanged(machineId: string, sessionId: string | null): void {
    this.rights.changed(machineId, sessionId);
  }

  /** The login of this socket was ended. */
  revoke(): void {
    this.fail(new HermitError('INVALID_TOKEN', 'This login was ended.'));
    this.close(CLOSE.unauthorized);
  }

  // ---- Machines and sessions

  /** Runs `then` when this client may do `action`; otherwise tells it, as if there were nothing. */
  private allow(
    action: Action,
    of: { machineId: string; sessionId?: string; requestId?: string | undefined },
    then: (right: Right) => void,
  ): void {
    this.rights.ask(
      of.machineId,
      of.sessionId ?? null,
      (right) => {
        if (may(right.role, action)) then(right);
        else this.fail(new HermitError('FORBIDDEN'), of);
      },
      (why) => this.fail(why, of),
    );
  }

  private listMachines({ requestId }: Of<'list_machines'>, { userId }: KnownClient): void {
    this.pod.directory.machines(userId, (machines) => {
      if (machines instanceof HermitError) this.fail(machines, { requestId });
      else {
        for (const machine of machines) this.pod.shown(userId, machine);
        this.send({ type: 'machines', machines, ...(requestId ? { requestId } : {}) });
      }
    });
  }

  private listSessions(m: Of<'list_sessions'>): void {
    this.allow('list', m, () => {
      this.ask(
        m,
        this.pod.newId(),
        (key) => ({ type: 'list_sessions', requestId: key, pod: this.pod.id }),
        (reply) => {
          if (reply.type === 'sessions') return { type: 'sessions', machineId: m.machineId, sessions: reply.sessions };
        },
      );
    });
  }

  private createSession(m: Of<'create_session'>, { userId }: KnownClient): void {
    this.allow('create', m, () => {
      // IN-3: a repeat of this user's request is the same request, through whichever pod.
      const key = `${userId}:${m.requestId ?? this.pod.newId()}`.slice(0, 128);
      const { type: _, machineId, requestId: __, ...options } = m;
      const { connection, pod } = this;
      const asked = { requestId: key, pod: pod.id, userId, connectionId: connection };
      const start = { ...options, type: 'start_session' as const, ...asked };
      const settled = sessionAsked(pod, { connection, user: userId, machine: machineId, request: key });
      this.ask(
        m,
        key,
        () => start,
        (reply) => {
          if (reply.type === 'session_started') return { type: 'session_created', machineId, session: reply.session };
        },
        settled,
      );
    });
  }

  private killSession(m: Of<'kill_session'>): void {
    this.allow('kill', m, () => {
      const { machineId, sessionId, signal } = m;
      const kill = { type: 'kill_session' as const, pod: this.pod.id, sessionId, ...(signal ? { signal } : {}) };
      this.ask(
        m,
        this.pod.newId(),
        (requestId) => ({ ...kill, requestId }),
        (reply) => {
          if (reply.type === 'request_done') return { type: 'session_killed', machineId, sessionId };
        },
      );
    });
  }

  /** Asks the machine and turns its reply into ours. An offline machine is told at once. */
  private ask(
    m: { machineId: string; requestId?: string | undefined },
    key: string,
    ask: (key: string) => RelayToAgent,
    answer: (reply: PodReply) => RelayToClient | undefined,
    settled: (answer: RelayToClient | HermitError) => void = () => {},
  ): void {
    const { machineId, requestId } = m;
    const message = JSON.stringify(ask(key));
    const send = () => {
      this.pod.requests.open(
        key,
        machineId,
        () => this.pod.toMachine(machineId, message),
        (reply) => {
          const ours = reply instanceof HermitError ? reply : answer(reply);
          if (ours) settled(ours);
          if (ours instanceof HermitError) this.fail(ours, { requestId });
          else if (ours) this.send({ ...ours, ...(requestId ? { requestId } : {}) } as RelayToClient);
        },
      );
    };
    if (this.pod.links.get(machineId)?.local) send();
    else {
      this.pod.directory.online(machineId, (online) => {
        if (online === false) {
          settled(new HermitError('MACHINE_OFFLINE'));
          this.fail(new HermitError('MACHINE_OFFLINE'), { requestId });
        } else send();
      });
    }
  }

  // ---- Attachments

  private attach(m: Of<'attach'>, who: KnownClient): void {
    const { sessionId, requestId } = m;
    const seat = this.seats.get(sessionId);
    if (seat && m.clientId === seat.viewer.clientId && m.attempt === seat.viewer.attempt) {
      this.forward(seat.viewer); // CU-4: a repeat
      return;
    }
    if (seat && (m.clientId ?? '') !== seat.viewer.clientId) {
      this.fail(new HermitError('ALREADY_ATTACHED'), { requestId, sessionId });
      return;
    }
    if (seat && (m.attempt ?? 0) < seat.viewer.attempt) return;
    if (!seat && this.seats.size >= LIMITS.attachmentsPerSocket) {
      this.fail(new HermitError('ATTACHMENT_LIMIT'), { requestId, sessionId });
      return;
    }
    this.allow('attach', m, (right) => this.admit(m, who, right));
  }

  private admit(m: Of<'attach'>, who: KnownClient, right: Right): void {
    const { machineId, sessionId, requestId } = m;
    const readOnly = !may(right.role, 'type') || m.readOnly === true;
    const before = this.seats.get(sessionId);
    const clientId = m.clientId ?? this.pod.newId();
    const attempt = m.attempt ?? 1;
    if (before) {
      if (before.viewer.clientId !== clientId || before.viewer.attempt >= attempt) return;
      this.leave(before, false);
    }
    const viewerOf = this.pod.viewerParts(machineId);
    const attach: Extract<RelayToAgent, { type: 'attach' }> = {
      type: 'attach',
      sessionId,
      clientId,
      attempt,
      pod: this.pod.id,
      userId: who.userId,
      connectionId: this.connection,
      readOnly,
      // JSON clients have no painter for snapshots.
      mode: this.json ? 'stream' : (m.mode ?? 'screen'),
      from: m.from ?? null,
      ...(m.cols && m.rows ? { cols: m.cols, rows: m.rows } : {}),
      inputFrom: m.inputFrom ?? 0,
    };
    const json = this.json
      ? new JsonWriter({ sessionId, clientId, attempt, from: attach.from }, this.socket, this.pod.clock, (frame) =>
          this.pod.toMachine(machineId, frame),
        )
      : null;
    const viewer: Viewer = new Viewer({
      ...viewerOf,
      attach,
      socket: this.socket,
      json,
      send: (message) => this.tell(viewer, message),
      refused: () => {
        const seat = this.seats.get(sessionId);
        if (seat?.viewer !== viewer) return;
        // An earlier attempt had been let in: that look ends here.
        if (seat.told) this.pod.observer.detached?.(this.lookOf(viewer, viewer.nextByte));
        this.leave(seat, false);
      },
    });
    viewer.requestId = requestId;
    viewer.settle = attachAsked(this.pod, this.connection, machineId, attach);
    const seat: Seat = {
      ...{ viewer, json, idBytes: uuidBytes(clientId), right, expiry: null },
      // A later attempt is the same look.
      told: before?.told ?? false,
    };
    this.seats.set(sessionId, seat);
    this.rights.hold(seat, right);
    this.pod.counters.attaches++;
    this.pod.enter(viewer);
    this.forward(viewer);
    if (json) this.persist(viewer);
  }

  /** INT-1: only once this pod hears the session. */
  private forward(viewer: Viewer): void {
    const { machineId } = viewer;
    const message = JSON.stringify(viewer.attach);
    this.pod.whenHearing(viewer, () => {
      if (!viewer.gone) this.pod.toMachine(machineId, message);
    });
    this.after(LIMITS.attachRetry, () => {
      if (viewer.attached || viewer.gone || this.pod.links.get(machineId)?.local) return;
      this.pod.directory.online(machineId, (online) => {
        if (online !== false || viewer.attached || viewer.gone) return;
        const { sessionId, requestId } = viewer;
        viewer.settle({ code: 'MACHINE_OFFLINE' });
        this.fail(new HermitError('MACHINE_OFFLINE'), { sessionId, requestId });
      });
    });
  }

  /** A JSON client is too simple to repeat its attach, so the pod does (CU-4). */
  private persist(viewer: Viewer): void {
    this.after(LIMITS.attachRetry, () => {
      if (viewer.gone || viewer.attached) return;
      this.forward(viewer);
      this.persist(viewer);
    });
  }

  private tell(viewer: Viewer, message: RelayToClient): void {
    if (message.type === 'attached') viewer.settle('attached');
    else if (message.type === 'error') viewer.settle({ code: message.code });
    const seat = this.seats.get(viewer.sessionId);
    if (message.type === 'attached' && seat?.viewer === viewer && !seat.told) {
      seat.told = true;
      this.pod.observer.attached?.(this.lookOf(viewer, viewer.attach.from));
    }
    if (seat?.json && seat.viewer === viewer) {
      if (message.type === 'attached') seat.json.inputSent = Math.max(seat.json.inputSent, message.inputOffset);
      if (message.type === 'unknown_attachment') {
        this.again(viewer);
        return;
      }
    }
    this.send(message);
  }

  /** CU-4 for a JSON client: attaches anew from the byte it needs next. */
  private again(viewer: Viewer): void {
    const { who } = this;
    const { machineId, sessionId, clientId, attempt, readOnly, mode, nextByte: from } = viewer;
    const seat = this.seats.get(sessionId);
    if (!who || !seat) return;
    const inputFrom = seat.json?.inputSent ?? 0;
    const known = { type: 'attach' as const, machineId, sessionId, clientId, mode, from, inputFrom, readOnly };
    this.admit({ ...known, attempt: attempt + 1 }, who, seat.right);
  }

  private lookOf({ machineId, sessionId, readOnly }: Viewer, offset: number | null): Look {
    const { address, who } = this;
    return { userId: who?.userId ?? '', machineId, sessionId, address, readOnly, offset };
  }

  private detach({ sessionId, requestId }: Of<'detach'>): void {
    const seat = this.seats.get(sessionId);
    if (!seat) {
      this.fail(new HermitError('NOT_ATTACHED'), { requestId, sessionId });
      return;
    }
    this.leave(seat, true);
    this.send({ type: 'detached', sessionId, ...(requestId ? { requestId } : {}) });
  }

  /** `tell`: the agent shall forget the attachment; otherwise a later attempt of it goes on. */
  private leave(seat: Seat, tell: boolean): void {
    const { viewer } = seat;
    const { machineId, sessionId, clientId, attempt } = viewer;
    this.seats.delete(sessionId);
    this.rights.letGo(seat);
    seat.json?.stop();
    viewer.gone = true;
    viewer.settle('abandoned');
    if (tell) {
      if (seat.told) this.pod.observer.detached?.(this.lookOf(viewer, viewer.nextByte));
      const detach = { type: 'detach', sessionId, clientId, attempt } satisfies RelayToAgent;
      this.pod.toMachine(machineId, JSON.stringify(detach));
    }
    this.pod.leave(viewer);
  }

  /** A share was withdrawn or has run out, or the machine was removed: the session is left, with a reason. */
  private lost(seat: Seat, why: HermitError): void {
    const { sessionId } = seat.viewer;
    this.leave(seat, true);
    const { code, message } =
      why.code === 'UNAVAILABLE' ? why : new HermitError('FORBIDDEN', 'You may no longer use this session.');
    this.send({ type: 'detached', sessionId, code, message });
  }

  /** A viewer has become a driver, or the other way: the client attaches anew, and is asked who it is (CU-4). */
  private altered(seat: Seat): void {
    if (seat.json) {
      this.lost(seat, new HermitError('FORBIDDEN'));
      return;
    }
    const { sessionId, clientId, attempt } = seat.viewer;
    this.leave(seat, true);
    this.send({ type: 'unknown_attachment', sessionId, clientId, attempt });
  }

  private jsonInput(m: Of<'data'>): void {
    const { sessionId } = m;
    const seat = this.seats.get(sessionId);
    if (!this.json) this.badMessage(new HermitError('INVALID_MESSAGE', 'This socket has chosen binary frames.'));
    else if (!seat?.json) this.fail(new HermitError('NOT_ATTACHED'), { sessionId });
    else if (seat.viewer.readOnly) this.fail(new HermitError('READ_ONLY'), { sessionId });
    else {
      const bytes = Buffer.from(m.data, 'base64');
      const at = m.offset ?? seat.json.inputSent;
      seat.json.inputSent = Math.max(seat.json.inputSent, at + bytes.length);
      const frame = inputFrame(uuidBytes(sessionId), seat.idBytes, seat.viewer.attempt, at, bytes, false);
      this.pod.typed(seat.viewer);
      this.towards(seat.viewer, frame);
    }
  }

  /** Resizing, driving and choosing the size policy: only for those who may type. */
  private steer(m: Of<'resize' | 'drive' | 'set_size_policy'>): void {
    const { sessionId } = m;
    const viewer = this.seats.get(sessionId)?.viewer;
    if (!viewer) this.fail(new HermitError('NOT_ATTACHED'), { sessionId });
    else if (viewer.readOnly) this.fail(new HermitError('READ_ONLY'), { sessionId });
    else {
      const { clientId, attempt } = viewer;
      this.pod.toMachine(viewer.machineId, JSON.stringify({ ...m, clientId, attempt } satisfies RelayToAgent));
    }
  }
}
