// Who a client is: its token looked at when it comes, renewed before it ends, and ended with its login.
import {
  CLOSE,
  type ClientToRelay,
  type CloseName,
  type CloseRule,
  type ErrorCode,
  HermitError,
  LIMITS,
  type MessageOf,
  PROTOCOL_OLDEST,
  PROTOCOL_VERSION,
  type RelayToClient,
} from '@hermit/protocol';
import type { Socket } from '@hermit/transport';
import type { KnownClient } from './directory.ts';
import type { Surroundings } from './pod-parts.ts';
import type { Users } from './users.ts';

/** A client is asked to renew this long before its token ends, and let go this long after; milliseconds. */
const RENEW_BEFORE = 60_000;
const RENEW_GRACE = 15_000;
/** How a socket is closed that is not let in; where the token is not to blame, the client comes again with it. */
const REFUSED_WITH: Partial<Record<ErrorCode, CloseName>> = { UNAVAILABLE: 'notIntroduced', RATE_LIMITED: 'flood' };

export interface ClientLoginHost
  extends Pick<Surroundings, 'id' | 'clock' | 'directory' | 'counters' | 'log' | 'observer'> {
  readonly draining: boolean;
  readonly users: Pick<Users, 'endings' | 'same' | 'socketsOf'>;
}

/** The socket that is somebody's. */
interface ClientSocket {
  readonly socket: Socket;
  readonly connection: string;
  readonly address: string;
  /** Set here. */
  who: KnownClient | null;
  json: boolean;
  /** It has become known. */
  known(who: KnownClient): void;
  /** Whatever it may do is looked at again. */
  rightsChanged(machineId: null, sessionId: null): void;
  send(m: RelayToClient): void;
  fail(error: HermitError, about?: { requestId?: string | undefined }): void;
  badMessage(error: HermitError): void;
  dismiss(rule: CloseRule): void;
}

export class ClientLogin {
  private readonly pod: ClientLoginHost;
  private readonly client: ClientSocket;
  private introduced = false;
  /** When it has to have introduced itself, is asked to renew its token, and has to have done so (whole monotonic ms). */
  private readonly introduceBy: number;
  private renewAt: number | null = null;
  private renewBy: number | null = null;

  /** `now`: monotonic. */
  constructor(pod: ClientLoginHost, client: ClientSocket, now: number) {
    this.pod = pod;
    this.client = client;
    this.introduceBy = Math.ceil(now) + LIMITS.introduction;
  }

  /** Does what is due; `now` is monotonic. */
  visit(now: number): void {
    const { client } = this;
    if (!client.who && now >= this.introduceBy && client.socket.open) {
      if (!this.introduced) this.pod.observer.intruder?.(client.address);
      client.dismiss(CLOSE.notIntroduced);
    }
    if (this.renewAt !== null && now >= this.renewAt && client.who) {
      this.renewAt = null;
      client.send({ type: 'renewal_due', expiresAt: client.who.expiresAt });
    }
    if (this.renewBy !== null && now >= this.renewBy && client.socket.open) {
      this.renewBy = null;
      client.fail(new HermitError('INVALID_TOKEN', 'The access token has ended and was not renewed.'));
      client.dismiss(CLOSE.unauthorized);
    }
  }

  authenticate(m: MessageOf<ClientToRelay, 'auth'>): void {
    const { client, pod } = this;
    const { requestId } = m;
    if (this.introduced) {
      client.badMessage(new HermitError('ALREADY_AUTHENTICATED'));
      return;
    }
    this.introduced = true;
    if ((m.protocol ?? 1) < PROTOCOL_OLDEST) {
      const oldest = `This relay serves protocol ${PROTOCOL_OLDEST} and later; update the client.`;
      this.refuse(new HermitError('PROTOCOL_VERSION', oldest), CLOSE.protocol, requestId);
      return;
    }
    if (pod.draining) {
      this.refuse(new HermitError('DRAINING'), CLOSE.restart, requestId);
      return;
    }
    client.json = m.encoding === 'json';
    const { endings } = pod.users;
    pod.directory.client(
      m.token,
      (who) => {
        if (!client.socket.open) return;
        if (who instanceof HermitError) {
          if (who.code === 'INVALID_TOKEN') pod.observer.intruder?.(client.address);
          this.refuse(who, CLOSE[REFUSED_WITH[who.code] ?? 'unauthorized'], requestId);
          return;
        }
        if (pod.users.socketsOf(who.userId) >= LIMITS.socketsPerUser) {
          this.refuse(new HermitError('RATE_LIMITED', 'You have too many open connections.'), CLOSE.flood, requestId);
          return;
        }
        client.who = pod.users.same(who);
        client.socket.allow?.(LIMITS.clientMessageHard);
        pod.counters.authentications++;
        pod.log('client_authenticated', { connection: client.connection, user: who.userId });
        client.known(who);
        this.greet(who, requestId);
        // A login that ended while its token was looked at: the answer may be older.
        if (pod.users.endings !== endings) this.recheck();
      },
      true,
    );
  }

  private refuse(error: HermitError, rule: CloseRule, requestId: string | undefined): void {
    this.pod.counters.authenticationsRefused++;
    this.pod.log('client_refused', { connection: this.client.connection, code: error.code });
    this.client.fail(error, { requestId });
    this.client.dismiss(rule);
  }

  renew({ token, requestId }: MessageOf<ClientToRelay, 'renew'>, before: KnownClient): void {
    const { client, pod } = this;
    const { endings } = pod.users;
    pod.directory.client(token, (who) => {
      if (!client.socket.open) return;
      if (!(who instanceof HermitError) && who.userId === before.userId) {
        client.who = pod.users.same(who);
        this.greet(who, requestId);
        // The new token may be of another login, which ended meanwhile.
        if (pod.users.endings !== endings) this.recheck();
      } else client.fail(who instanceof HermitError ? who : new HermitError('INVALID_TOKEN'), { requestId });
    });
  }

  private greet(who: KnownClient, requestId: string | undefined): void {
    const { userId: id, email, expiresAt } = who;
    const { clock, id: pod } = this.pod;
    const reply = requestId ? { requestId } : {};
    const protocol = PROTOCOL_VERSION;
    this.client.send({ type: 'authenticated', protocol, user: { id, email }, pod, expiresAt, ...reply });
    const left = expiresAt - clock.now();
    const now = Math.ceil(clock.monotonic());
    this.renewAt = now + Math.max(0, left - RENEW_BEFORE);
    this.renewBy = now + Math.max(0, left) + RENEW_GRACE;
  }

  /** What this socket was to hear may have been lost: its login and its rights are looked at again. */
  recheck(): void {
    const { client } = this;
    if (!client.who) return;
    this.pod.directory.still(client.who, (why) => {
      if (!client.socket.open) return;
      if (why === null) client.rightsChanged(null, null);
      else if (why.code === 'INVALID_TOKEN' || why.code === 'USER_NOT_FOUND') this.revoke();
    });
  }

  /** The login of this socket was ended. */
  revoke(): void {
    this.client.fail(new HermitError('INVALID_TOKEN', 'This login was ended.'));
    this.client.dismiss(CLOSE.unauthorized);
  }
}
