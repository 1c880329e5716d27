// One connection to one Redis server that only subscribes. It keeps what is wanted, and brings it back after every
// reconnect; whether anything then really arrives is for the probe to prove.
import type { Clock, Random, Timer } from '@hermit/transport';
import type { Redis } from 'ioredis';
import { hangUp } from '../redis/redis-connection.ts';

/** Channels named in one SUBSCRIBE. With sharded channels it is one: they must not span slots. */
const CHUNK = 256;
/** Milliseconds until a refused channel is asked for again. */
const REFUSED_RETRY = 1_000;

type SubscriberEvents = {
  message(channel: string, message: Buffer): void;
  /** Everything wanted has been answered by the server, on this connection. */
  settled(): void;
  /** A connection that worked was lost, and its subscriptions with it. */
  lost(): void;
  /** The server refused a channel, which is asked for again later. */
  refused(channel: string, error: Error): void;
  /** A slot has left this server (sharded channels), and its channels with it. */
  moved(): void;
};

/** A SUBSCRIBE as this connection sent it; `live` once the server confirmed. */
type Ticket = { live: boolean };
/** A channel that is wanted, or was and is still to be unsubscribed; and the last SUBSCRIBE on this connection with it. */
type Channel = { wanted: boolean; confirmed: (() => void) | undefined; ticket: Ticket | undefined };

export class RedisSubscriber {
  readonly redis: Redis;
  private readonly sharded: boolean;
  private readonly events: SubscriberEvents;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly channels = new Map<string, Channel>();
  private dirty = new Set<string>();
  private unanswered = 0;
  /** Counts connections: answers of an earlier one are ignored. */
  private connection = 0;
  private begun = false;
  private flushing = false;
  private readonly refused = new Set<string>();
  private retry: Timer | undefined;

  constructor(redis: Redis, sharded: boolean, clock: Clock, random: Random, events: SubscriberEvents) {
    this.redis = redis;
    this.sharded = sharded;
    this.clock = clock;
    this.random = random;
    this.events = events;
    redis.on(sharded ? 'smessageBuffer' : 'messageBuffer', (channel: Buffer, message: Buffer) =>
      events.message(channel.toString(), message),
    );
    redis.on('ready', () => this.begin());
    redis.on('close', () => this.end());
    redis.on('moved', () => events.moved());
    if (redis.status === 'ready') this.begin();
  }

  get ready(): boolean {
    return this.redis.status === 'ready';
  }

  /** Everything wanted has been asked for and answered. */
  get isSettled(): boolean {
    return this.ready && this.unanswered === 0 && this.dirty.size === 0;
  }

  /** `confirmed` runs once, after the server's confirmation, however many connections that takes. */
  want(channel: string, confirmed?: () => void): void {
    this.channels.set(channel, { wanted: true, confirmed, ticket: this.channels.get(channel)?.ticket });
    this.touch(channel);
  }

  unwant(channel: string): void {
    const known = this.channels.get(channel);
    if (!known?.wanted) return;
    known.wanted = false;
    known.confirmed = undefined;
    this.touch(channel);
  }

  /** Asks for everything once more: which channels are still served here shows in the answers. */
  resubscribe(): void {
    for (const [channel, known] of this.channels) {
      if (!known.wanted) continue;
      if (known.ticket?.live) known.ticket = undefined;
      this.touch(channel);
    }
  }

  /** Drops the connection; ioredis dials again. */
  rebuild(): void {
    if (this.ready) this.redis.disconnect(true);
  }

  close(): void {
    this.channels.clear();
    this.retry?.cancel();
    hangUp(this.redis);
  }

  private begin(): void {
    this.connection++;
    this.begun = true;
    this.forgetWire();
    this.dirty = new Set(this.channels.keys());
    this.flush();
  }

  private end(): void {
    this.connection++;
    this.forgetWire();
    this.retry?.cancel();
    this.retry = undefined;
    const { begun } = this;
    this.begun = false;
    if (begun) this.events.lost();
  }

  /** A connection has no subscriptions when it begins, and none when it has ended. */
  private forgetWire(): void {
    this.unanswered = 0;
    for (const [channel, known] of this.channels) {
      known.ticket = undefined;
      if (!known.wanted) this.channels.delete(channel);
    }
  }

  private touch(channel: string): void {
    this.dirty.add(channel);
    if (this.flushing) return;
    this.flushing = true;
    setImmediate(() => {
      this.flushing = false;
      this.flush();
    });
  }

  /** Brings the connection from what it was told to what is wanted. */
  private flush(): void {
    if (!this.ready) return;
    const due = this.dirty;
    this.dirty = new Set();
    const add: string[] = [];
    const remove: string[] = [];
    for (const channel of due) {
      const known = this.channels.get(channel);
      if (!known) continue;
      const { ticket } = known;
      if (!known.wanted) {
        this.channels.delete(channel);
        if (ticket) remove.push(channel);
      } else if (!ticket) add.push(channel);
      else if (ticket.live) this.confirm(known);
    }
    const size = this.sharded ? 1 : CHUNK;
    for (let at = 0; at < remove.length; at += size) this.unsubscribe(remove.slice(at, at + size));
    for (let at = 0; at < add.length; at += size) this.subscribe(add.slice(at, at + size));
    if (this.isSettled) this.events.settled();
  }

  private unsubscribe(channels: string[]): void {
    const sent = this.sharded ? this.redis.sunsubscribe(...channels) : this.redis.unsubscribe(...channels);
    // Only a lost connection makes it fail, and then there is nothing left to unsubscribe.
    sent.catch(() => undefined);
  }

  private subscribe(channels: string[]): void {
    const { connection } = this;
    const ticket: Ticket = { live: false };
    for (const known of this.known(channels)) known.ticket = ticket;
    this.unanswered++;
    const sent = this.sharded ? this.redis.ssubscribe(...channels) : this.redis.subscribe(...channels);
    const answered = (error?: Error) => {
      if (connection !== this.connection) return;
      this.unanswered--;
      if (error) this.fail(channels, ticket, error);
      else {
        ticket.live = true;
        for (const known of this.known(channels)) if (known.ticket === ticket) this.confirm(known);
      }
      if (this.isSettled) this.events.settled();
    };
    sent.then(() => answered(), answered);
  }

  /** One forbidden channel makes the server refuse all that were named with it. */
  private fail(channels: string[], ticket: Ticket, error: Error): void {
    const wanted = channels.filter((channel) => {
      const known = this.channels.get(channel);
      if (known?.ticket !== ticket) return false;
      known.ticket = undefined;
      return known.wanted;
    });
    if (channels.length > 1) {
      for (const channel of wanted) this.subscribe([channel]);
      return;
    }
    for (const channel of wanted) {
      this.events.refused(channel, error);
      this.askLater(channel);
    }
  }

  private askLater(channel: string): void {
    this.refused.add(channel);
    this.retry ??= this.clock.after(REFUSED_RETRY * (0.5 + this.random()), () => {
      this.retry = undefined;
      for (const each of this.refused) if (this.channels.get(each)?.wanted) this.touch(each);
      this.refused.clear();
    });
  }

  private known(channels: readonly string[]): Channel[] {
    return channels.flatMap((channel) => this.channels.get(channel) ?? []);
  }

  private confirm(known: Channel): void {
    const { confirmed } = known;
    known.confirmed = undefined;
    confirmed?.();
  }
}
