// One Redis server as the bus sees it: a connection to publish, one to subscribe, and the probe that goes round both.
import type { Clock } from '@hermit/transport';
import type { NodeKey, RedisConnections } from '../redis/redis-connection.ts';
import { RedisPublisher } from './redis-publisher.ts';
import { RedisSubscriber } from './redis-subscriber.ts';
import { type ProbeTimings, SubscriptionProbe } from './subscription-probe.ts';

export type NodeEvents = {
  message(channel: string, message: Buffer): void;
  /** Subscriptions had been lost here, and are proven to be back. */
  restored(): void;
  /** A connection was lost, or the server no longer serves what it did. */
  unsettled(): void;
  refused(channel: string, error: Error): void;
  probed(roundTrip: number): void;
  missed(): void;
  rebuilt(): void;
};

export class RedisNode {
  readonly publisher: RedisPublisher;
  readonly subscriber: RedisSubscriber;
  private readonly events: NodeEvents;
  private readonly probe: SubscriptionProbe;
  private probeChannel: string;
  /** Subscriptions were lost, and no probe has come through since. */
  private unproven = false;
  /** A probe has come through on these very connections. */
  private trusted = false;
  private probing = false;
  private closed = false;

  constructor(
    connections: RedisConnections,
    key: NodeKey | undefined,
    probeChannel: string,
    clock: Clock,
    timings: ProbeTimings,
    events: NodeEvents,
  ) {
    this.events = events;
    this.probeChannel = probeChannel;
    const sharded = key !== undefined;
    this.publisher = new RedisPublisher(
      connections.publisher(key),
      sharded ? 'spublish' : 'publish',
      clock,
      connections.silence,
    );
    this.publisher.redis.on('ready', () => this.update());
    this.publisher.redis.on('close', () => this.lose());
    this.probe = new SubscriptionProbe(clock, connections.random, timings, {
      send: (nonce) => this.publisher.publish(this.probeChannel, nonce),
      heard: (roundTrip, proven) => this.heard(roundTrip, proven),
      missed: () => events.missed(),
      rebuild: () => {
        // Which of the two is deaf can't be known: a publisher may be left at a server that lost its role.
        events.rebuilt();
        this.publisher.rebuild();
        this.subscriber.rebuild();
      },
    });
    this.subscriber = new RedisSubscriber(connections.subscriber(key), sharded, clock, connections.random, {
      message: (channel, message) => this.hear(channel, message),
      settled: () => this.update(),
      lost: () => {
        this.unproven = true;
        this.lose();
      },
      refused: (channel, error) => events.refused(channel, error),
      moved: () => events.unsettled(),
    });
    this.subscriber.want(probeChannel);
  }

  /** Both connections work, and a probe has shown it. */
  get healthy(): boolean {
    return this.publisher.ready && this.subscriber.isSettled && this.trusted;
  }

  /** Channels come here from another server: what was published meanwhile is lost. */
  receive(channel: string, confirmed?: () => void): void {
    this.unproven = true;
    this.distrust();
    this.subscriber.want(channel, confirmed);
  }

  moveProbe(channel: string): void {
    if (channel === this.probeChannel) return;
    this.subscriber.unwant(this.probeChannel);
    this.probeChannel = channel;
    this.distrust();
    this.subscriber.want(channel);
  }

  close(): void {
    this.closed = true;
    this.probe.pause();
    this.publisher.close();
    this.subscriber.close();
  }

  private hear(channel: string, message: Buffer): void {
    if (channel === this.probeChannel) this.probe.hear(message.toString());
    else this.events.message(channel, message);
  }

  private heard(roundTrip: number, proven: boolean): void {
    this.trusted = true;
    this.events.probed(roundTrip);
    if (!proven) return;
    this.unproven = false;
    this.events.restored();
  }

  private lose(): void {
    if (this.closed) return;
    this.distrust();
    this.events.unsettled();
  }

  private distrust(): void {
    this.trusted = false;
    this.probing = false;
    this.probe.pause();
  }

  /** The probe starts once everything is subscribed, so that what it proves is proven for all of it. */
  private update(): void {
    if (this.closed || this.probing || !this.publisher.ready || !this.subscriber.isSettled) return;
    this.probing = true;
    this.probe.start(this.unproven);
  }
}
