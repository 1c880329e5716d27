// The pod's side of one client socket: who it is, and whether what it says is fit to be heard.
import {
  CLOSE,
  ClientToRelay,
  type CloseName,
  type CloseRule,
  type ErrorCode,
  FRAME,
  frameType,
  HermitError,
  LIMITS,
  type MessageOf,
  PROTOCOL_OLDEST,
  PROTOCOL_VERSION,
  parserOf,
  type RelayToClient,
} from '@hermit/protocol';
import { LifeSigns, OVERFLOW, type Socket, type SocketEvents } from '@hermit/transport';
import { type Action, may } from '../auth/permissions.ts';
import { Bucket } from './bucket.ts';
import { ClientRequests } from './client-requests.ts';
import type { KnownClient } from './directory.ts';
import type { Pod } from './pod.ts';
import type { Right } from './rights.ts';
import { Seats } from './seats.ts';

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

/** What asks the database, and how much of a user's allowance it takes. */
const COSTS: Partial<Record<ClientToRelay['type'], number>> = {
  list_machines: 10,
  list_sessions: 1,
  create_session: 1,
  kill_session: 1,
  attach: 1,
  renew: 1,
};

const parse = parserOf(ClientToRelay);

export class ClientLink implements SocketEvents {
  who: KnownClient | null = null;
  readonly socket: Socket;
  readonly connection: string;
  /** Where it comes from. */
  readonly address: string;
  readonly seats: Seats;
  readonly pod: Pod;
  /** It has chosen base64 in text messages, in both directions. */
  json = false;
  private introduced = false;
  /** It has been closed, and may say what it likes until the socket has ended: nothing of it counts. */
  private dismissed = false;
  private bad = 0;
  private readonly texts: Bucket;
  private readonly frames: Bucket;
  private readonly requests: ClientRequests;
  private token = '';
  private readonly signs: LifeSigns;
  /** By when it has to introduce itself, is asked to renew its token, and has to have done so (monotonic). */
  private readonly introduceBy: number;
  private renewAt = Number.POSITIVE_INFINITY;
  private renewBy = Number.POSITIVE_INFINITY;

  constructor(pod: Pod, socket: Socket, connection: string, address: string) {
    this.pod = pod;
    this.address = address;
    this.socket = socket;
    this.connection = connection;
    const now = pod.clock.monotonic();
    this.texts = new Bucket(BURST, PER_SECOND, now);
    this.frames = new Bucket(FRAME_BURST, FRAMES_PER_SECOND, now);
    this.signs = new LifeSigns(now);
    this.introduceBy = now + LIMITS.introduction;
    this.seats = new Seats(this);
    this.requests = new ClientRequests(this);
    socket.events = this;
  }

  /** Called by the pod now and then: does what is due. `now` is monotonic. */
  visit(now: number): void {
    const sign = this.signs.look(now);
    if (sign === 'dead') this.socket.terminate();
    else if (sign === 'quiet') this.send({ type: 'ping' });
    if (!this.who && now >= this.introduceBy && this.socket.open) {
      if (!this.introduced) this.pod.observer.intruder?.(this.address);
      this.dismiss(CLOSE.notIntroduced);
    }
    if (now >= this.renewAt && this.who) {
      this.renewAt = Number.POSITIVE_INFINITY;
      this.send({ type: 'renewal_due', expiresAt: this.who.expiresAt });
    }
    if (now >= this.renewBy && this.socket.open) {
      this.renewBy = Number.POSITIVE_INFINITY;
      this.fail(new HermitError('INVALID_TOKEN', 'The access token has ended and was not renewed.'));
      this.dismiss(CLOSE.unauthorized);
    }
  }

  send(m: RelayToClient): void {
    this.socket.sendText(JSON.stringify(m));
  }

  /** Closes the socket, and leaves what it had: the other side may take its time to answer, or never do. */
  dismiss(rule: CloseRule): void {
    this.dismissed = true;
    this.seats.leaveAll();
    this.socket.close(rule.code, rule.meaning);
  }

  /** Not once the socket has closed. */
  after(ms: number, run: () => void): void {
    this.pod.clock.after(ms, () => {
      if (this.socket.open) run();
    });
  }

  /** The socket has closed. */
  close(closeCode: number, reason: string): void {
    if (reason === OVERFLOW) this.pod.overflowed(this.connection);
    if (this.who) this.pod.log('client_left', { connection: this.connection, user: this.who.userId, closeCode });
    this.seats.leaveAll();
    this.pod.clientGone(this);
  }

  fail(error: unknown, about: { requestId?: string | undefined; sessionId?: string } = {}): void {
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

  badMessage(error: unknown): void {
    this.pod.counters.badMessages++;
    const { code } = error instanceof HermitError ? error : new HermitError('INTERNAL');
    this.pod.log('client_bad_message', { connection: this.connection, user: this.who?.userId, code });
    this.fail(error);
    if (++this.bad > PATIENCE && this.socket.open) this.dismiss(CLOSE.flood);
  }

  /** A client that floods is told so, and what it sent is not carried out. */
  private allowed(what: 'texts' | 'frames'): boolean {
    const { who } = this;
    if (this[what].take(this.pod.clock.monotonic()) && (!who || this.pod.users.allows(who.userId, what))) return true;
    this.badMessage(new HermitError('RATE_LIMITED'));
    return false;
  }

  // ---- What the client says

  text(message: string): void {
    if (this.dismissed) return;
    this.signs.heard(this.pod.clock.monotonic());
    if (!this.allowed('texts')) return;
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

  private request(
    m: Exclude<ClientToRelay, MessageOf<ClientToRelay, 'auth' | 'ping' | 'pong'>>,
    who: KnownClient,
  ): void {
    const cost = COSTS[m.type] ?? 0;
    if (cost > 0 && !this.pod.users.allows(who.userId, 'questions', cost)) {
      this.fail(new HermitError('RATE_LIMITED'), m);
      return;
    }
    switch (m.type) {
      case 'renew':
        this.renew(m, who);
        return;
      case 'list_machines':
        this.requests.listMachines(m, who);
        return;
      case 'list_sessions':
        this.requests.listSessions(m);
        return;
      case 'create_session':
        this.requests.createSession(m, who);
        return;
      case 'kill_session':
        this.requests.killSession(m);
        return;
      case 'attach':
        this.seats.attach(m, who);
        return;
      case 'detach':
        this.seats.detach(m);
        return;
      case 'data':
        this.seats.jsonInput(m);
        return;
      default:
        this.seats.steer(m);
    }
  }

  binary(frame: Uint8Array): void {
    if (this.dismissed) return;
    this.signs.heard(this.pod.clock.monotonic());
    const type = frameType(frame);
    if (!this.who) {
      this.badMessage(new HermitError('NOT_AUTHENTICATED', 'Send `auth` first.'));
      return;
    }
    if (!this.allowed('frames')) return;
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
    this.seats.frame(type, frame);
  }

  // ---- Who it is

  private authenticate(m: MessageOf<ClientToRelay, 'auth'>): void {
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
    const { endings } = this.pod.users;
    this.pod.directory.client(
      m.token,
      (who) => {
        if (!this.socket.open) return;
        if (who instanceof HermitError) {
          if (who.code === 'INVALID_TOKEN') this.pod.observer.intruder?.(this.address);
          this.refuse(who, CLOSE[REFUSED_WITH[who.code] ?? 'unauthorized'], requestId);
          return;
        }
        if (this.pod.users.socketsOf(who.userId) >= LIMITS.socketsPerUser) {
          this.refuse(new HermitError('RATE_LIMITED', 'You have too many open connections.'), CLOSE.flood, requestId);
          return;
        }
        this.who = who;
        this.token = m.token;
        this.socket.allow?.(LIMITS.clientMessageHard);
        this.pod.counters.authentications++;
        this.pod.log('client_authenticated', { connection: this.connection, user: who.userId });
        this.pod.clientKnown(this, who);
        this.greet(who, requestId);
        // A login that ended while its token was looked at: the answer may be older.
        if (this.pod.users.endings !== endings) this.recheck();
      },
      true,
    );
  }

  private refuse(error: HermitError, rule: CloseRule, requestId: string | undefined): void {
    this.pod.counters.authenticationsRefused++;
    this.pod.log('client_refused', { connection: this.connection, code: error.code });
    this.fail(error, { requestId });
    this.dismiss(rule);
  }

  private renew(m: MessageOf<ClientToRelay, 'renew'>, before: KnownClient): void {
    const { endings } = this.pod.users;
    this.pod.directory.client(m.token, (who) => {
      if (!this.socket.open) return;
      if (!(who instanceof HermitError) && who.userId === before.userId) {
        this.who = who;
        this.token = m.token;
        this.greet(who, m.requestId);
        // The new token may be of another login, which ended meanwhile.
        if (this.pod.users.endings !== endings) this.recheck();
      } else this.fail(who instanceof HermitError ? who : new HermitError('INVALID_TOKEN'), { requestId: m.requestId });
    });
  }

  private greet(who: KnownClient, requestId: string | undefined): void {
    const { userId: id, email, expiresAt } = who;
    const reply = requestId ? { requestId } : {};
    const protocol = PROTOCOL_VERSION;
    this.send({ type: 'authenticated', protocol, user: { id, email }, pod: this.pod.id, expiresAt, ...reply });
    const left = expiresAt - this.pod.clock.now();
    const now = this.pod.clock.monotonic();
    this.renewAt = now + Math.max(0, left - RENEW_BEFORE);
    this.renewBy = now + Math.max(0, left) + RENEW_GRACE;
  }

  /** What this socket was to hear may have been lost: its login and its rights are looked at again. */
  recheck(): void {
    if (!this.who) return;
    this.pod.directory.client(this.token, (who) => {
      if (!this.socket.open) return;
      if (!(who instanceof HermitError)) this.seats.rights.changed(null, null);
      else if (who.code === 'INVALID_TOKEN' || who.code === 'USER_NOT_FOUND') this.revoke();
    });
  }

  /** What the user may do with a machine, or with one of its sessions, has changed. */
  rightsChanged(machineId: string, sessionId: string | null): void {
    this.seats.rights.changed(machineId, sessionId);
  }

  /** The login of this socket was ended. */
  revoke(): void {
    this.fail(new HermitError('INVALID_TOKEN', 'This login was ended.'));
    this.dismiss(CLOSE.unauthorized);
  }

  /** Runs `then` when this client may do `action`; otherwise tells it, as if there were nothing. */
  allow(
    action: Action,
    of: { machineId: string; sessionId?: string; requestId?: string | undefined },
    then: (right: Right) => void,
  ): void {
    this.seats.rights.ask(
      of.machineId,
      of.sessionId ?? null,
      (right) => {
        if (may(right.role, action)) then(right);
        else this.fail(new HermitError('FORBIDDEN'), of);
      },
      (why) => this.fail(why, of),
    );
  }
}
