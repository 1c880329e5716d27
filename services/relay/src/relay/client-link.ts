// The pod's side of one client's socket: whether what it says is fit to be heard, and who it is for.
import {
  CLOSE,
  ClientToRelay,
  type CloseRule,
  FRAME,
  framePayloadLength,
  frameType,
  HermitError,
  LIMITS,
  type MessageOf,
  parserOf,
  type RelayToClient,
} from '@hermit/protocol';
import { LifeSigns, OVERFLOW, type Socket, type SocketEvents } from '@hermit/transport';
import { type Action, may } from '../auth/permissions.ts';
import { Bucket, costOf, type Rate } from './bucket.ts';
import { ClientInput, type ClientInputHost } from './client-input.ts';
import { ClientLogin, type ClientLoginHost } from './client-login.ts';
import { ClientRequests, type ClientRequestsHost } from './client-requests.ts';
import type { KnownClient } from './directory.ts';
import type { Right } from './rights.ts';
import { Seats, type SeatsHost } from './seats.ts';
import type { Users } from './users.ts';

/** Bad messages that are answered before the socket is closed. */
const PATIENCE = 50;
/** Text messages that a client may send; one of many KiB counts as many. */
const TEXTS: Rate = { burst: 400, perSecond: 100 };
const TEXT_COUNTS_AS_ONE = 16 * 1024;
/** Frames: input, and acknowledgements of all its attachments. So counted, 20 MB of input in a second. */
const FRAMES: Rate = { burst: 10_000, perSecond: 5_000 };
const FRAME_COUNTS_AS_ONE = 4 * 1024;
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

export type ClientLinkHost = ClientLoginHost &
  ClientInputHost &
  ClientRequestsHost &
  SeatsHost & {
    readonly users: Users;
    clientKnown(client: ClientLink, who: KnownClient): void;
    clientGone(client: ClientLink): void;
    overflowed(connection: string): void;
  };

export class ClientLink implements SocketEvents {
  who: KnownClient | null = null;
  readonly socket: Socket;
  readonly connection: string;
  /** Where it comes from. */
  readonly address: string;
  readonly seats: Seats;
  readonly pod: ClientLinkHost;
  /** It has chosen base64 in text messages, in both directions. */
  json = false;
  /** It has been closed, and may say what it likes until the socket has ended: nothing of it counts. */
  private dismissed = false;
  private bad = 0;
  private readonly texts = new Bucket(TEXTS);
  private readonly frames = new Bucket(FRAMES);
  private readonly login: ClientLogin;
  private readonly input: ClientInput;
  private readonly signs: LifeSigns;

  constructor(pod: ClientLinkHost, socket: Socket, connection: string, address: string) {
    this.pod = pod;
    this.address = address;
    this.socket = socket;
    this.connection = connection;
    const now = pod.clock.monotonic();
    this.signs = new LifeSigns(now);
    this.login = new ClientLogin(pod, this, now);
    this.seats = new Seats(this);
    this.input = new ClientInput(this, this.seats.taken);
    socket.events = this;
  }

  /** Called by the pod now and then: does what is due. `now` is monotonic. */
  visit(now: number): void {
    const sign = this.signs.look(now);
    if (sign === 'dead') this.socket.terminate();
    else if (sign === 'quiet') this.send({ type: 'ping' });
    this.login.visit(now);
  }

  /** Made for each request: a client at rest has none. */
  private get requests(): ClientRequests {
    return new ClientRequests(this);
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
  private allowed(what: 'texts' | 'frames', cost: number, now: number): boolean {
    const { who } = this;
    if (this[what].take(now, cost) && (!who || this.pod.users.allows(who.userId, what, cost))) return true;
    this.badMessage(new HermitError('RATE_LIMITED'));
    return false;
  }

  // ---- What the client says

  text(message: string): void {
    if (this.dismissed) return;
    const now = this.pod.clock.monotonic();
    this.signs.heard(now);
    if (!this.allowed('texts', costOf(message.length, TEXT_COUNTS_AS_ONE), now)) return;
    let m: ClientToRelay;
    try {
      if (message.length > LIMITS.message) throw new HermitError('MESSAGE_TOO_LARGE');
      m = parse(message);
    } catch (error) {
      this.badMessage(error);
      return;
    }
    if (m.type === 'auth') this.login.authenticate(m);
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
        this.login.renew(m, who);
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
        this.input.json(m);
        return;
      default:
        this.input.steer(m);
    }
  }

  binary(frame: Uint8Array): void {
    if (this.dismissed) return;
    const now = this.pod.clock.monotonic();
    this.signs.heard(now);
    const type = frameType(frame);
    if (!this.who) {
      this.badMessage(new HermitError('NOT_AUTHENTICATED', 'Send `auth` first.'));
      return;
    }
    if (!this.allowed('frames', costOf(frame.length, FRAME_COUNTS_AS_ONE), now)) return;
    if (type !== FRAME.input && type !== FRAME.ack) {
      this.badMessage(new HermitError('INVALID_MESSAGE', 'Only input and ack frames go this way.'));
      return;
    }
    if (framePayloadLength(frame) > LIMITS.inputFrame) {
      this.badMessage(new HermitError('MESSAGE_TOO_LARGE'));
      return;
    }
    if (this.json) {
      this.badMessage(new HermitError('INVALID_MESSAGE', 'This socket has chosen JSON encoding.'));
      return;
    }
    this.input.frame(type, frame);
  }

  // ---- Who it is

  known(who: KnownClient): void {
    this.pod.clientKnown(this, who);
  }

  /** What this socket was to hear may have been lost. */
  recheck(): void {
    this.login.recheck();
  }

  /** The login of this socket was ended. */
  revoke(): void {
    this.login.revoke();
  }

  /** What the user may do has changed; null: with whichever machine, with whichever session. */
  rightsChanged(machineId: string | null, sessionId: string | null): void {
    this.seats.rights.changed(machineId, sessionId);
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
