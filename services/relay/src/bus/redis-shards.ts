// The masters of a Redis Cluster, and which of them serves a channel. Sharded channels live with their slot.
import type { Clock, Timer } from '@hermit/transport';
import type { Cluster } from 'ioredis';
import { hashSlot } from '../redis/hash-slot.ts';
import type { NodeKey } from '../redis/redis-connection.ts';
import type { RedisNode } from './redis-node.ts';

/** Milliseconds between two looks at the map while something does not fit. */
const LOOK_AGAIN = 500;
/** Looks after a refusal or a loss, even if everything seems well again: the map may be late. */
const LOOKS = 6;
/** A node with one slot is found after 16384 names on average. */
const PROBE_NAMES = 400_000;

type ShardOptions = {
  cluster: Cluster;
  clock: Clock;
  random: () => number;
  /** Makes the connections to a master. */
  open(key: NodeKey, probeChannel: string): RedisNode;
  /** A channel whose only purpose is its slot. */
  probeChannel(tag: number): string;
  /** Slots have moved: every channel must be looked up again. */
  remapped(): void;
};

export class RedisShards {
  private readonly options: ShardOptions;
  private readonly shards = new Map<NodeKey, RedisNode>();
  private owners: readonly (NodeKey | undefined)[] = [];
  private looks = 0;
  private timer: Timer | undefined;
  private closed = false;

  constructor(options: ShardOptions) {
    this.options = options;
    options.cluster.on('refresh', () => this.read());
    if (options.cluster.slots.length > 0) this.read();
  }

  nodeOf(channel: string): RedisNode | undefined {
    const owner = this.owners[hashSlot(channel)];
    return owner === undefined ? undefined : this.shards.get(owner);
  }

  nodes(): Iterable<RedisNode> {
    return this.shards.values();
  }

  /** Something did not fit the map: a lost connection, a refusal, a slot that left. Looks at it again, a few times. */
  doubt(): void {
    this.looks = LOOKS;
    if (!this.timer && !this.closed) this.look(0);
  }

  close(): void {
    this.closed = true;
    this.timer?.cancel();
    for (const node of this.shards.values()) node.close();
    this.shards.clear();
  }

  private look(after: number): void {
    this.timer = this.options.clock.after(after, () => {
      this.timer = undefined;
      if (this.closed) return;
      this.options.cluster.refreshSlotsCache();
      const unwell = [...this.shards.values()].some((node) => !node.healthy);
      if (unwell || --this.looks > 0) this.look(LOOK_AGAIN * (0.5 + this.options.random()));
    });
  }

  /** ioredis has read the map of slots: `slots[n]` names the master first, then its replicas. */
  private read(): void {
    if (this.closed) return;
    const { slots } = this.options.cluster;
    const owners = Array.from({ length: slots.length }, (_, slot) => slots[slot]?.[0]);
    if (owners.length === this.owners.length && owners.every((owner, slot) => owner === this.owners[slot])) return;
    this.owners = owners;
    const masters = new Set(owners.filter((owner) => owner !== undefined));
    for (const key of masters) {
      const probe = this.probeChannelOn(key);
      const node = this.shards.get(key);
      if (node) node.moveProbe(probe);
      else this.shards.set(key, this.options.open(key, probe));
    }
    this.options.remapped();
    for (const [key, node] of this.shards) {
      if (masters.has(key)) continue;
      this.shards.delete(key);
      node.close();
    }
  }

  /** The first probe channel that this master serves. */
  private probeChannelOn(key: NodeKey): string {
    for (let tag = 0; tag < PROBE_NAMES; tag++) {
      const channel = this.options.probeChannel(tag);
      if (this.owners[hashSlot(channel)] === key) return channel;
    }
    return this.options.probeChannel(0);
  }
}
