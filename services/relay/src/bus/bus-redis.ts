// The bus through Redis publish and subscribe: one server, one behind Sentinels, or a Cluster with sharded channels.
import { LIMITS } from '@hermit/protocol';
import { type Clock, systemClock } from '@hermit/transport';
import { Cluster } from 'ioredis';
import type { NodeKey, RedisConnections } from '../redis/redis-connection.ts';
import { redisNames } from '../redis/redis-names.ts';
import type { Bus, Listener, Published } from './bus.ts';
import { type NodeEvents, RedisNode } from './redis-node.ts';
import { RedisShards } from './redis-shards.ts';
import type { ProbeTimings } from './subscription-probe.ts';

/** What happens on the bus, for logs and metrics. */
export type BusObserver = {
  /** A publish was not sent: the connection is down, or more than its bound waits for an answer. */
  dropped?: (bytes: number) => void;
  /** A publish was sent and not answered with a count. */
  failed?: (error: Error) => void;
  /** A probe came back, after so many milliseconds. */
  probed?: (roundTrip: number) => void;
  probeMissed?: () => void;
  /** Connections that seemed to work were dropped because nothing came through. */
  rebuilt?: () => void;
  restored?: () => void;
  refused?: (channel: string, error: Error) => void;
};

type RedisBusOptions = { clock?: Clock; probe?: Partial<ProbeTimings>; observer?: BusObserver };

/** The servers behind a bus: one, or the masters of a cluster. */
type Servers = {
  nodeOf(channel: string): RedisNode | undefined;
  nodes(): Iterable<RedisNode>;
  /** Something did not fit what is known of them. */
  doubt(): void;
  close(): void;
};

type Subscription = {
  listener: Listener;
  confirmed: (() => void) | undefined;
  node: RedisNode | undefined;
  /** It has had a server before: on the next one, messages may have been lost. */
  placed: boolean;
};

export class RedisBus implements Bus {
  private readonly observer: BusObserver;
  private readonly servers: Servers;
  private readonly subscriptions = new Map<string, Subscription>();
  private readonly restored: (() => void)[] = [];
  private closed = false;

  constructor(connections: RedisConnections, options: RedisBusOptions = {}) {
    this.observer = options.observer ?? {};
    const clock = options.clock ?? systemClock;
    const timings = { every: LIMITS.probeEvery, timeout: LIMITS.probeTimeout, ...options.probe };
    const names = redisNames(connections.prefix);
    const events = this.nodeEvents();
    const open = (key: NodeKey | undefined, channel: string) =>
      new RedisNode(connections, key, channel, clock, timings, events);
    const { commands, random, podId } = connections;
    if (commands instanceof Cluster) {
      this.servers = new RedisShards({
        cluster: commands,
        clock,
        random,
        open,
        probeChannel: (tag) => names.podProbe(podId, tag),
        remapped: () => this.rehome(),
      });
    } else {
      const node = open(undefined, names.podProbe(podId));
      const nodes = [node];
      this.servers = { nodeOf: () => node, nodes: () => nodes, doubt() {}, close: () => node.close() };
    }
  }

  get publishing(): boolean {
    if (this.closed) return false;
    for (const node of this.servers.nodes()) if (node.publisher.publishing) return true;
    return false;
  }

  /** Everything is connected, subscribed and proven to deliver: what readiness asks. */
  get healthy(): boolean {
    let nodes = 0;
    for (const node of this.servers.nodes()) {
      if (!node.healthy) return false;
      nodes++;
    }
    return nodes > 0;
  }

  publish(channel: string, message: Uint8Array | string, done?: Published): void {
    const publisher = this.servers.nodeOf(channel)?.publisher;
    if (publisher?.publishing && !this.closed) {
      publisher.publish(channel, message, done, this.failed);
      return;
    }
    this.observer.dropped?.(typeof message === 'string' ? Buffer.byteLength(message) : message.byteLength);
    if (done) queueMicrotask(() => done(null));
  }

  subscribe(name: string, listener: Listener, confirmed?: () => void): void {
    if (this.closed) return;
    const channel = interned(name);
    const before = this.subscriptions.get(channel);
    const { node, placed } = before ?? { node: undefined, placed: false };
    const subscription: Subscription = { listener, confirmed, node, placed };
    this.subscriptions.set(channel, subscription);
    if (node) node.subscriber.want(channel, () => this.confirm(subscription));
    else this.place(channel, subscription);
  }

  unsubscribe(channel: string): void {
    const subscription = this.subscriptions.get(channel);
    if (!subscription) return;
    this.subscriptions.delete(channel);
    subscription.confirmed = undefined;
    subscription.node?.subscriber.unwant(channel);
  }

  onRestored(listener: () => void): void {
    this.restored.push(listener);
  }

  async close(): Promise<void> {
    this.closed = true;
    this.subscriptions.clear();
    this.servers.close();
  }

  private readonly failed = (error: Error): void => {
    this.observer.failed?.(error);
    this.servers.doubt();
  };

  private nodeEvents(): NodeEvents {
    const { observer } = this;
    return {
      message: (channel, message) => this.subscriptions.get(channel)?.listener(message, channel),
      restored: () => {
        observer.restored?.();
        for (const listener of this.restored) listener();
      },
      unsettled: () => this.servers?.doubt(),
      refused: (channel, error) => {
        observer.refused?.(channel, error);
        this.servers.doubt();
      },
      probed: (roundTrip) => observer.probed?.(roundTrip),
      missed: () => observer.probeMissed?.(),
      rebuilt: () => observer.rebuilt?.(),
    };
  }

  /** Moves every subscription to the server that has its channel now. */
  private rehome(): void {
    for (const [channel, subscription] of this.subscriptions) {
      if (this.servers.nodeOf(channel) === subscription.node) continue;
      subscription.node?.subscriber.unwant(channel);
      subscription.node = undefined;
      this.place(channel, subscription);
    }
  }

  private place(channel: string, subscription: Subscription): void {
    const node = this.servers.nodeOf(channel);
    if (!node) return;
    subscription.node = node;
    const confirmed = () => this.confirm(subscription);
    if (subscription.placed) node.receive(channel, confirmed);
    else node.subscriber.want(channel, confirmed);
    subscription.placed = true;
  }

  private confirm(subscription: Subscription): void {
    const { confirmed } = subscription;
    subscription.confirmed = undefined;
    confirmed?.();
  }
}

/** The same string as the library's own, which is a key of an object: V8 keeps those once. */
const interned = (name: string): string => Object.keys({ [name]: true })[0] ?? name;
