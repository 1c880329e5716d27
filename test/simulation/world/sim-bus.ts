// Redis publish and subscribe as it fails: at most once, in order for one publisher and one subscriber, nothing kept.
import type { Bus, Listener, Published } from '../../../services/relay/src/bus/bus.ts';
import type { Process, World } from './world.ts';

export class SimRedis {
  readonly pods = new Set<SimBus>();
  /** The next so many messages vanish. */
  dropNext = 0;
  readonly world: World;
  constructor(world: World) {
    this.world = world;
  }

  serve(channel: string, message: Buffer): number {
    if (this.dropNext > 0) {
      this.dropNext--;
      this.world.log(() => `redis drops a message on ${channel}`);
      return 1;
    }
    let receivers = 0;
    for (const pod of this.pods) {
      if (!pod.held.has(channel)) continue;
      receivers++;
      pod.push(channel, message);
    }
    return receivers;
  }
}

type Wanted = { listener: Listener; confirmed: (() => void) | undefined };

export class SimBus implements Bus {
  /** Channels that the server holds for this subscriber. */
  held = new Set<string>();
  private readonly wanted = new Map<string, Wanted>();
  private readonly redis: SimRedis;
  private readonly process: Process;
  private readonly life: number;
  private readonly slow: number;
  private publisherUp = true;
  private subscriberUp = true;
  private publisherLife = 0;
  private subscriberLife = 0;
  private lastPublish = 0;
  private lastDelivery = 0;
  private restored: (() => void)[] = [];

  constructor(redis: SimRedis, process: Process) {
    this.redis = redis;
    this.process = process;
    this.life = process.life;
    this.slow = redis.world.chance(0.25) ? 40 : 6;
    redis.pods.add(this);
  }

  private get world(): World {
    return this.redis.world;
  }

  get publishing(): boolean {
    return this.publisherUp;
  }

  private later(ms: number, run: () => void): void {
    this.world.at(ms, () => this.process.deliver(this.life, run));
  }

  private laterAt(time: number, run: () => void): void {
    this.world.atTime(time, () => this.process.deliver(this.life, run));
  }

  publish(channel: string, message: Uint8Array | string, done?: Published): void {
    if (!this.publisherUp) {
      if (done) this.later(0, () => done(null));
      return;
    }
    const bytes = typeof message === 'string' ? Buffer.from(message) : Buffer.from(message);
    const life = this.publisherLife;
    this.lastPublish = Math.max(this.lastPublish, this.world.now + this.world.int(1, 6));
    this.world.atTime(this.lastPublish, () => {
      if (life !== this.publisherLife || this.life !== this.process.life) {
        if (done) this.later(0, () => done(null));
        return;
      }
      const receivers = this.redis.serve(channel, bytes);
      if (done) this.later(this.world.int(1, 4), () => done(life === this.publisherLife ? receivers : null));
    });
  }

  subscribe(channel: string, listener: Listener, confirmed?: () => void): void {
    const wanted = { listener, confirmed };
    this.wanted.set(channel, wanted);
    if (this.subscriberUp) this.ask(channel, wanted);
  }

  private ask(channel: string, wanted: Wanted): void {
    const life = this.subscriberLife;
    this.world.at(this.world.int(1, 8), () => {
      if (life !== this.subscriberLife || this.life !== this.process.life) return;
      if (this.wanted.get(channel) !== wanted) return;
      this.held.add(channel);
      this.lastDelivery = Math.max(this.lastDelivery, this.world.now + this.world.int(1, 4));
      this.laterAt(this.lastDelivery, () => {
        if (life === this.subscriberLife && this.wanted.get(channel) === wanted) this.confirm(wanted);
      });
    });
  }

  private confirm(wanted: Wanted): void {
    const { confirmed } = wanted;
    wanted.confirmed = undefined;
    confirmed?.();
  }

  unsubscribe(channel: string): void {
    this.wanted.delete(channel);
    this.held.delete(channel);
  }

  onRestored(listener: () => void): void {
    this.restored.push(listener);
  }

  push(channel: string, message: Buffer): void {
    // Redis cuts a subscriber that does not read.
    if (this.process.stopped && this.process.waiting > 400) {
      this.cutSubscriber();
      return;
    }
    const life = this.subscriberLife;
    this.lastDelivery = Math.max(this.lastDelivery, this.world.now + this.world.int(1, this.slow));
    this.laterAt(this.lastDelivery, () => {
      if (life === this.subscriberLife) this.wanted.get(channel)?.listener(message, channel);
    });
  }

  cutPublisher(): void {
    if (!this.publisherUp) return;
    this.publisherUp = false;
    this.publisherLife++;
    this.world.at(this.world.int(20, 800), () => {
      this.publisherUp = true;
    });
  }

  /** Silent: the pod knows when its probe has failed; then it subscribes anew, probes, and is restored. */
  cutSubscriber(): void {
    if (!this.subscriberUp) return;
    this.subscriberUp = false;
    this.subscriberLife++;
    this.held = new Set();
    const down = this.world.int(5, this.world.chance(0.3) ? 3_000 : 300);
    this.later(down, () => {
      this.subscriberUp = true;
      for (const [channel, wanted] of this.wanted) {
        this.held.add(channel);
        this.later(this.world.int(1, 4), () => {
          if (this.wanted.get(channel) === wanted) this.confirm(wanted);
        });
      }
      this.later(this.world.int(5, 20), () => {
        if (this.subscriberUp) for (const listener of this.restored) listener();
      });
    });
  }

  async close(): Promise<void> {
    this.die();
  }

  die(): void {
    this.publisherLife++;
    this.subscriberLife++;
    this.held.clear();
    this.wanted.clear();
    this.redis.pods.delete(this);
  }
}
