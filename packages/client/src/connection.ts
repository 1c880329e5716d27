// One client's connection to a relay, whatever happens to the sockets below it: introduces itself, reconnects, moves
// to another pod without a pause, asks and answers. SPEC.md, CU-3, CU-4, DRAIN-3, DRAIN-4, IN-3.
import { frameSession, frameType, HermitError, LIMITS, type MessageOf, type RelayToClient } from '@hermit/protocol';
import type { Timer } from '@hermit/transport';
import { Attachment } from './attachment.ts';
import type { AttachOptions } from './attachment-ports.ts';
import type { ConnectionEvents, ConnectionOptions, ConnectionState, TokenAnswer } from './connection-options.ts';
import { LeftLinks } from './left-links.ts';
import { type Authenticated, Link } from './link.ts';
import { Reconnecting } from './reconnecting.ts';
import { type ReplyOf, type RequestBody, Requests, type RequestType } from './requests.ts';
import { TokenRenewal } from './token-renewal.ts';
import { type Tuning, tuningOf } from './tuning.ts';

const PROBE_MS = 3_000;

export class Connection {
  private readonly options: ConnectionOptions;
  private readonly tuning: Tuning;
  private readonly reconnecting: Reconnecting;
  private readonly renewal: TokenRenewal;
  private readonly requests: Requests;
  private readonly listeners = new Set<Partial<ConnectionEvents>>();
  private readonly attachments = new Map<string, Attachment>();

  /** The link in use; at most one more is on its way (`successor`); those left deliver to the end (DRAIN-3). */
  private current: Link | null = null;
  private successor: Link | null = null;
  private readonly left: LeftLinks;
  private retryTimer: Timer | null = null;
  /** Counts the questions for a token, so that a late answer is no answer. */
  private asking = 0;
  private askTimer: Timer | null = null;
  private online = true;
  private shown: ConnectionState = { name: 'connecting' };

  constructor(options: ConnectionOptions) {
    this.options = options;
    this.tuning = tuningOf(options.tuning);
    this.reconnecting = new Reconnecting(options.random);
    this.renewal = new TokenRenewal(options);
    this.left = new LeftLinks(options.clock, this.tuning.leaveGrace);
    this.requests = new Requests(options.clock, options.random, options.newId, (m) => this.current?.send(m));
  }

  // -- what a client does

  get state(): ConnectionState {
    return this.shown;
  }

  /** Round-trip time to the pod, milliseconds; null until measured. */
  get rtt(): number | null {
    return this.current?.rtt ?? null;
  }

  /** Returns what ends the listening. */
  listen(listener: Partial<ConnectionEvents>): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Connects, and stays connected until `close`. */
  start(): void {
    if (!this.current) this.open();
  }

  close(reason = 'done'): void {
    this.finish(new HermitError('UNAVAILABLE', reason));
  }

  /** `done` is called once. A request outlives reconnects, until its deadline; it is carried out once (IN-3). */
  request<T extends RequestType>(
    body: RequestBody<T> & { type: T },
    done: (error: HermitError | null, reply: ReplyOf<T> | null) => void,
    deadlineMs?: number,
  ): () => void {
    if (this.shown.name === 'closed') {
      done(this.shown.error, null);
      return () => {};
    }
    return this.requests.ask<T>(body, done, deadlineMs);
  }

  /** Throws ALREADY_ATTACHED, or ATTACHMENT_LIMIT: a socket has one attachment of a session, and not too many. */
  attach(options: AttachOptions): Attachment {
    if (this.attachments.has(options.sessionId)) throw new HermitError('ALREADY_ATTACHED');
    if (this.attachments.size >= LIMITS.attachmentsPerSocket) throw new HermitError('ATTACHMENT_LIMIT');
    const { clock, random, newId } = this.options;
    const attachment = new Attachment(options, {
      clock,
      random,
      newId,
      tuning: this.tuning,
      answered: () => this.releaseLeft(),
      left: () => this.drop(attachment),
    });
    this.attachments.set(options.sessionId, attachment);
    if (this.shown.name === 'closed') attachment.abandoned(this.shown.error);
    else if (this.current) attachment.connected(this.current, false);
    else attachment.disconnected();
    return attachment;
  }

  /** Try now, whatever the wait. */
  hurry(): void {
    if (!this.retryTimer) return;
    this.retryTimer.cancel();
    this.retryTimer = null;
    this.open();
  }

  /** What the device says of its network. */
  setOnline(online: boolean): void {
    if (this.online === online || this.shown.name === 'closed') return;
    this.online = online;
    if (online) {
      if (this.current) this.probe();
      else this.open();
    } else if (!this.current && !this.successor) {
      this.retryTimer?.cancel();
      this.retryTimer = null;
      this.show({ name: 'offline' });
    }
  }

  /** After a sleep or a change of network: finds out soon whether the link still stands. */
  probe(): void {
    this.current?.probe(PROBE_MS);
    this.hurry();
  }

  // -- coming and going of links

  private open(): void {
    if (this.shown.name === 'closed' || this.successor || this.askTimer || this.retryTimer) return;
    if (!this.online && !this.current) {
      this.show({ name: 'offline' });
      return;
    }
    if (!this.current) this.show({ name: 'connecting' });
    const asked = ++this.asking;
    const answer = (token: TokenAnswer) => {
      if (asked !== this.asking || !this.askTimer) return;
      this.askTimer.cancel();
      this.askTimer = null;
      if (typeof token === 'string') this.dial(token);
      else if (token === null) this.finish(new HermitError('NOT_AUTHENTICATED', 'Nobody is logged in.'));
      else this.retry(this.reconnecting.wait(), 'no access token to be had');
    };
    this.askTimer = this.options.clock.after(LIMITS.introduction, () => answer(undefined));
    this.options.token(answer, this.reconnecting.refusedToken);
  }

  private dial(token: string): void {
    const { url, dial, clock, newId, clientName = 'hermit' } = this.options;
    this.successor = new Link(
      { url, dial, clock, token, clientName, authId: newId() },
      {
        ready: (link, message) => this.onReady(link, message),
        message: (link, message) => this.onMessage(link, message),
        frame: (link, frame) => this.onFrame(link, frame),
        closed: (link, code, reason, refusal) => this.onClosed(link, code, reason, refusal),
      },
    );
    this.successor.start();
  }

  private onReady(link: Link, message: Authenticated): void {
    if (link !== this.successor) return;
    const old = this.current;
    this.successor = null;
    this.current = link;
    this.reconnecting.stands();
    if (old) {
      this.left.add(old);
      this.renewal.stop();
    }
    this.requests.resend();
    for (const attachment of this.attachments.values()) attachment.connected(link, old !== null);
    this.releaseLeft();
    this.show({ name: 'live', user: message.user, pod: message.pod });
  }

  private onClosed(link: Link, code: number, reason: string, refusal: HermitError | null): void {
    if (this.left.closed(link)) return;
    if (link === this.current) {
      this.current = null;
      this.renewal.stop();
      for (const attachment of this.attachments.values()) attachment.disconnected();
      if (this.successor || this.askTimer) {
        this.show({ name: 'connecting' });
        return;
      }
      this.retryTimer?.cancel(); // a wait of a handover
      this.retryTimer = null;
    } else if (link === this.successor) this.successor = null;
    else return;
    const why = refusal?.message ?? (reason || `closed with ${code}`);
    const stood = link.readyAt === null ? 0 : this.options.clock.monotonic() - link.readyAt;
    const spare = this.current !== null;
    const next = this.reconnecting.after({ code, reason: why, refusal, token: link.token, stood, spare });
    if (typeof next === 'number') this.retry(next, why);
    else this.finish(next);
  }

  private retry(ms: number, reason: string): void {
    if (this.shown.name === 'closed') return;
    if (!this.current) {
      if (!this.online) {
        this.show({ name: 'offline' });
        return;
      }
      this.show({ name: 'reconnecting', inMs: ms, reason });
    }
    this.retryTimer?.cancel();
    this.retryTimer = this.options.clock.after(ms, () => {
      this.retryTimer = null;
      this.open();
    });
  }

  /** Every attach is answered: nobody needs the links that are being left. */
  private releaseLeft(): void {
    if (this.left.none) return;
    for (const attachment of this.attachments.values()) if (!attachment.live) return;
    this.left.close('moved');
  }

  private finish(error: HermitError): void {
    if (this.shown.name === 'closed') return;
    this.asking++;
    for (const timer of [this.retryTimer, this.askTimer]) timer?.cancel();
    this.retryTimer = this.askTimer = null;
    this.renewal.stop();
    for (const link of [this.current, this.successor]) link?.close(error.message);
    this.left.close(error.message);
    this.current = this.successor = null;
    this.show({ name: 'closed', error });
    for (const attachment of [...this.attachments.values()]) attachment.abandoned(error);
    this.requests.fail(error);
  }

  // -- what comes

  private onFrame(link: Link, frame: Uint8Array): void {
    if (frameType(frame) !== 0) this.attachments.get(frameSession(frame))?.frame(link, frame);
  }

  private onMessage(link: Link, m: RelayToClient): void {
    if (this.requests.answer(m)) return;
    if ('sessionId' in m && m.sessionId !== undefined) this.attachments.get(m.sessionId)?.message(link, m);
    if (link !== this.current) return;
    switch (m.type) {
      case 'ping':
        for (const attachment of this.attachments.values()) attachment.keepAlive();
        return;
      case 'draining':
        this.open(); // the first try at once; the old link stays in use meanwhile
        return;
      case 'renewal_due':
        this.renewal.begin(link);
        return;
      case 'error':
        this.onError(link, m);
        return;
      case 'machine_changed':
        for (const attachment of this.attachments.values())
          if (attachment.machineId === m.machine.id) attachment.machine(m.machine.online);
        for (const listener of this.listeners) listener.machineChanged?.(m.machine);
        return;
      case 'machine_removed':
        for (const listener of this.listeners) listener.machineRemoved?.(m.machineId);
        return;
      case 'rights_changed':
        for (const listener of this.listeners) listener.rightsChanged?.();
        return;
      case 'session_ended':
        for (const listener of this.listeners) listener.sessionEnded?.(m);
        return;
    }
  }

  /** An error without a session: of an attach whose refusal names the request alone, or of the link itself. */
  private onError(link: Link, m: MessageOf<RelayToClient, 'error'>): void {
    if (m.code === 'DRAINING') this.open();
    if (m.code === 'INVALID_TOKEN') this.renewal.refused(link, m.requestId);
    if (m.sessionId !== undefined || m.requestId === undefined) return;
    for (const attachment of this.attachments.values())
      if (m.requestId.startsWith(`${attachment.clientId}:`)) attachment.message(link, m);
  }

  private drop(attachment: Attachment): void {
    if (this.attachments.get(attachment.sessionId) === attachment) this.attachments.delete(attachment.sessionId);
    this.releaseLeft();
  }

  private show(state: ConnectionState): void {
    this.shown = state;
    for (const listener of [...this.listeners]) listener.state?.(state);
  }
}
