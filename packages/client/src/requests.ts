// Requests that wait for their reply: a deadline each, and the same request again after a reconnect (IN-3).
import { type ClientToRelay, HermitError, LIMITS, type MessageOf, type RelayToClient } from '@hermit/protocol';
import type { Clock, Random, Timer } from '@hermit/transport';

/** Requests, and the type of their reply. */
type ReplyTypes = {
  list_machines: 'machines';
  list_sessions: 'sessions';
  create_session: 'session_created';
  kill_session: 'session_killed';
};
export type RequestType = keyof ReplyTypes;
export type RequestBody<T extends RequestType> = Omit<MessageOf<ClientToRelay, T>, 'requestId'>;
export type ReplyOf<T extends RequestType> = MessageOf<RelayToClient, ReplyTypes[T]>;

const REPLY: ReplyTypes = {
  list_machines: 'machines',
  list_sessions: 'sessions',
  create_session: 'session_created',
  kill_session: 'session_killed',
};
/** Errors that say nothing about the request itself: it is sent again while there is time. */
const AGAIN = new Set(['DRAINING', 'UNAVAILABLE', 'TIMEOUT']);
const BOUND = 1_024;
/** The pod gives up after `LIMITS.request`; some more for a reconnect in between. */
const SPARE_MS = 5_000;

type Pending = {
  message: ClientToRelay;
  reply: string;
  done: (error: HermitError | null, reply: RelayToClient | null) => void;
  deadline: Timer;
  again: Timer | null;
};

export class Requests {
  private readonly pending = new Map<string, Pending>();
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly newId: () => string;
  /** Sends when there is a link; otherwise the request waits for `resend`. */
  private readonly send: (message: ClientToRelay) => void;

  constructor(clock: Clock, random: Random, newId: () => string, send: (message: ClientToRelay) => void) {
    this.clock = clock;
    this.random = random;
    this.newId = newId;
    this.send = send;
  }

  /** `done` is called once. Errors: those of the relay, or TIMEOUT. Returns a function that gives up silently. */
  ask<T extends RequestType>(
    body: RequestBody<T>,
    done: (error: HermitError | null, reply: ReplyOf<T> | null) => void,
    deadlineMs: number = LIMITS.request + SPARE_MS,
  ): () => void {
    if (this.pending.size >= BOUND) {
      done(new HermitError('RATE_LIMITED', 'Too many requests wait for their reply.'), null);
      return () => {};
    }
    const requestId = this.newId();
    const entry: Pending = {
      message: { ...body, requestId } as unknown as ClientToRelay,
      reply: REPLY[body.type as T],
      done: done as Pending['done'],
      deadline: this.clock.after(deadlineMs, () =>
        this.settle(requestId, new HermitError('TIMEOUT', 'The relay did not answer in time.'), null),
      ),
      again: null,
    };
    this.pending.set(requestId, entry);
    this.send(entry.message);
    return () => this.forget(requestId);
  }

  /** True when the message was the answer to a request. */
  answer(message: RelayToClient): boolean {
    const requestId = 'requestId' in message ? message.requestId : undefined;
    const entry = requestId === undefined ? undefined : this.pending.get(requestId);
    if (requestId === undefined || !entry) return false;
    if (message.type === 'error') {
      if (AGAIN.has(message.code)) {
        entry.again?.cancel();
        entry.again = this.clock.after(LIMITS.requestRetry * (0.5 + this.random()), () => this.send(entry.message));
      } else this.settle(requestId, new HermitError(message.code, message.message), null);
    } else if (message.type === entry.reply) this.settle(requestId, null, message);
    return true;
  }

  /** A new link: everything that is open is asked again, under the same ids. */
  resend(): void {
    for (const entry of this.pending.values()) this.send(entry.message);
  }

  /** Nothing will be answered any more. */
  fail(error: HermitError): void {
    for (const requestId of [...this.pending.keys()]) this.settle(requestId, error, null);
  }

  private settle(requestId: string, error: HermitError | null, reply: RelayToClient | null): void {
    const entry = this.pending.get(requestId);
    this.forget(requestId);
    entry?.done(error, reply);
  }

  private forget(requestId: string): void {
    const entry = this.pending.get(requestId);
    entry?.deadline.cancel();
    entry?.again?.cancel();
    this.pending.delete(requestId);
  }
}
