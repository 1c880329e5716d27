// The bus inside one process: pods join a hub. The embedded default, and what tests without Redis run on.
import type { Bus, Listener, Published } from './bus.ts';

type Delivery = () => void;

/** Runs something later, outside the call that caused it and in the order of the calls. */
type Defer = (run: () => void) => void;

/**
 * Where the pods of one process meet. Everything is delivered through one queue, so order holds across channels too.
 * `defer` is a virtual clock's in a simulation.
 */
export class BusHub {
  private readonly pods = new Map<string, Set<MemoryBus>>();
  private readonly defer: Defer;
  private queue: Delivery[] = [];

  constructor(defer: Defer = setImmediate) {
    this.defer = defer;
  }

  join(): MemoryBus {
    return new MemoryBus(this);
  }

  /** The pods that listen to a channel at this moment. */
  subscribers(channel: string): ReadonlySet<MemoryBus> | undefined {
    return this.pods.get(channel);
  }

  enter(channel: string, pod: MemoryBus): void {
    const pods = this.pods.get(channel);
    if (pods) pods.add(pod);
    else this.pods.set(channel, new Set([pod]));
  }

  leave(channel: string, pod: MemoryBus): void {
    const pods = this.pods.get(channel);
    if (pods?.delete(pod) && pods.size === 0) this.pods.delete(channel);
  }

  later(delivery: Delivery): void {
    this.queue.push(delivery);
    if (this.queue.length === 1) this.defer(() => this.drain());
  }

  private drain(): void {
    const due = this.queue;
    this.queue = [];
    let done = 0;
    try {
      for (; done < due.length; done++) due[done]?.();
    } finally {
      // A listener that throws costs nobody else a message.
      if (done < due.length) {
        this.queue = [...due.slice(done + 1), ...this.queue];
        if (this.queue.length > 0) this.defer(() => this.drain());
      }
    }
  }
}

type Subscription = { listener: Listener };

class MemoryBus implements Bus {
  private readonly hub: BusHub;
  private readonly subscriptions = new Map<string, Subscription>();
  private closed = false;

  constructor(hub: BusHub) {
    this.hub = hub;
  }

  get publishing(): boolean {
    return !this.closed;
  }

  publish(channel: string, message: Uint8Array | string, done?: Published): void {
    const receivers = this.closed ? undefined : this.hub.subscribers(channel);
    if (receivers) {
      const bytes = asBuffer(message);
      for (const pod of receivers) this.hub.later(() => pod.subscriptions.get(channel)?.listener(bytes, channel));
    }
    if (done) {
      const count = this.closed ? null : (receivers?.size ?? 0);
      this.hub.later(() => done(count));
    }
  }

  subscribe(channel: string, listener: Listener, confirmed?: () => void): void {
    if (this.closed) return;
    const subscription = { listener };
    this.subscriptions.set(channel, subscription);
    this.hub.enter(channel, this);
    if (confirmed) {
      this.hub.later(() => {
        if (this.subscriptions.get(channel) === subscription) confirmed();
      });
    }
  }

  unsubscribe(channel: string): void {
    this.subscriptions.delete(channel);
    this.hub.leave(channel, this);
  }

  /** Nothing is ever lost here, so nothing comes back. */
  onRestored(_listener: () => void): void {}

  async close(): Promise<void> {
    this.closed = true;
    for (const channel of this.subscriptions.keys()) this.hub.leave(channel, this);
    this.subscriptions.clear();
  }
}

/** A Buffer over the same bytes; nothing is copied. */
function asBuffer(message: Uint8Array | string): Buffer {
  if (typeof message === 'string') return Buffer.from(message, 'utf8');
  if (Buffer.isBuffer(message)) return message;
  return Buffer.from(message.buffer, message.byteOffset, message.byteLength);
}
