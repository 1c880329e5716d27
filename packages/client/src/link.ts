// One socket to a relay: dialled, introduced, kept alive. A connection has one, and two while it moves.
import {
  CLOSE,
  type ClientToRelay,
  HermitError,
  LIMITS,
  type MessageOf,
  PROTOCOL_OLDEST,
  PROTOCOL_VERSION,
  parserOf,
  RelayToClient,
  relayTooOld,
} from '@hermit/protocol';
import { type Clock, type Dial, Liveness, type Socket, type Timer } from '@hermit/transport';

const parse = parserOf(RelayToClient);

export type Authenticated = MessageOf<RelayToClient, 'authenticated'>;

interface LinkEvents {
  ready(link: Link, message: Authenticated): void;
  message(link: Link, message: RelayToClient): void;
  frame(link: Link, frame: Uint8Array): void;
  /** Once, unless it was closed from here. `refusal`: the last error before it was ready. */
  closed(link: Link, code: number, reason: string, refusal: HermitError | null): void;
}

type LinkOptions = { url: string; dial: Dial; clock: Clock; token: string; clientName: string; authId: string };

export class Link {
  /** Round-trip time, milliseconds; null until measured. */
  rtt: number | null = null;
  /** Monotonic time at which it was ready; null before. */
  readyAt: number | null = null;
  /** The access token it stands on. */
  token: string;
  private readonly options: LinkOptions;
  private readonly events: LinkEvents;
  private dialling: { cancel(): void } | null = null;
  private deadline: Timer | null = null;
  private socket: Socket | null = null;
  private liveness: Liveness | null = null;
  private probing: { ping: number; withinMs: number; timer: Timer } | null = null;
  private pingedAt: number | null = null;
  private pings = 0;
  private pongs = 0;
  private refusal: HermitError | null = null;
  private over = false;

  constructor(options: LinkOptions, events: LinkEvents) {
    this.options = options;
    this.events = events;
    this.token = options.token;
  }

  start(): void {
    const { options } = this;
    this.deadline = options.clock.after(LIMITS.introduction, () => this.fail(CLOSE.dead.code, 'no answer'));
    this.dialling = options.dial(
      options.url,
      {
        text: (message) => this.onText(message),
        binary: (frame) => this.onBinary(frame),
        close: (code, reason) => this.end(code, reason),
      },
      (socket) => this.onOpen(socket),
    );
  }

  get ready(): boolean {
    return this.readyAt !== null && !this.over;
  }

  /** Bytes accepted and not yet taken by the network. */
  get buffered(): number {
    return this.socket?.buffered ?? 0;
  }

  send(message: ClientToRelay): void {
    if (!this.over) this.socket?.sendText(JSON.stringify(message));
  }

  sendFrame(frame: Uint8Array): void {
    if (!this.over) this.socket?.sendBinary(frame);
  }

  /** Somebody waits for what was sent. */
  flush(): void {
    this.socket?.flush?.();
  }

  /** Introduces itself again, with a fresh token. */
  renew(token: string, requestId: string): void {
    this.token = token;
    this.send({ type: 'renew', token, requestId });
  }

  /**
   * Judges the link now: dead when nothing is heard for `withinMs` before the answer to a ping of this moment is. For the
   * moment after a sleep or a network change, when what had come before it is read first and says nothing of the link.
   */
  probe(withinMs: number): void {
    if (!this.ready || this.probing) return;
    this.ping();
    this.probing = { ping: this.pings, withinMs, timer: this.probeEnds(withinMs) };
  }

  private probeEnds(withinMs: number): Timer {
    return this.options.clock.after(withinMs, () => this.fail(CLOSE.dead.code, 'no answer'));
  }

  /** Orderly, from here; no event follows. */
  close(reason: string): void {
    if (this.over) return;
    this.finish();
    if (this.socket) this.socket.close(CLOSE.normal.code, reason);
    else this.dialling?.cancel();
  }

  private onOpen(socket: Socket): void {
    if (this.over) {
      socket.close(CLOSE.normal.code, 'not needed any more');
      return;
    }
    this.socket = socket;
    this.liveness = new Liveness(
      this.options.clock,
      () => this.ping(),
      () => this.fail(CLOSE.dead.code, CLOSE.dead.meaning),
    );
    this.send({
      type: 'auth',
      token: this.token,
      encoding: 'binary',
      protocol: PROTOCOL_VERSION,
      client: this.options.clientName,
      requestId: this.options.authId,
    });
  }

  private ping(): void {
    this.pings++;
    this.pingedAt ??= this.options.clock.monotonic();
    this.send({ type: 'ping' });
  }

  private onPong(): void {
    this.pongs++;
    if (this.pingedAt !== null) this.rtt = this.options.clock.monotonic() - this.pingedAt;
    this.pingedAt = null;
    if (!this.probing || this.pongs < this.probing.ping) return;
    this.probing.timer.cancel();
    this.probing = null;
  }

  private heard(): void {
    this.liveness?.heard();
    if (!this.probing) return;
    this.probing.timer.cancel();
    this.probing.timer = this.probeEnds(this.probing.withinMs);
  }

  private onBinary(frame: Uint8Array): void {
    if (this.over) return;
    this.heard();
    if (this.readyAt !== null) this.events.frame(this, frame);
  }

  private onText(text: string): void {
    if (this.over) return;
    this.heard();
    let message: RelayToClient;
    try {
      message = parse(text);
    } catch {
      return; // a later relay may say what this version does not know
    }
    if (message.type === 'pong') this.onPong();
    else if (message.type === 'ping') this.send({ type: 'pong' });
    if (this.readyAt !== null) this.events.message(this, message);
    else if (message.type === 'authenticated') this.onAuthenticated(message);
    else if (message.type === 'error') this.refusal = new HermitError(message.code, message.message);
  }

  private onAuthenticated(message: Authenticated): void {
    if (message.protocol < PROTOCOL_OLDEST) {
      this.refusal = new HermitError('PROTOCOL_VERSION', relayTooOld(message.protocol, 'client'));
      this.fail(CLOSE.protocol.code, CLOSE.protocol.meaning);
      return;
    }
    this.readyAt = this.options.clock.monotonic();
    this.deadline?.cancel();
    this.ping();
    this.events.ready(this, message);
  }

  private fail(code: number, reason: string): void {
    if (this.over) return;
    if (this.socket) this.socket.terminate();
    else this.dialling?.cancel();
    this.end(code, reason);
  }

  private end(code: number, reason: string): void {
    if (this.over) return;
    this.finish();
    this.events.closed(this, code, reason, this.refusal);
  }

  private finish(): void {
    this.over = true;
    this.deadline?.cancel();
    this.probing?.timer.cancel();
    this.liveness?.stop();
  }
}
