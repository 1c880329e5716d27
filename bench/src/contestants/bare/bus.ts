// What joins the bare pods: Redis, or, in one pod, a map.
import { Redis } from 'ioredis';

export interface Bus {
  publish(channel: string, message: Buffer): void;
  subscribe(channel: string, listener: (message: Buffer) => void): Promise<void>;
  unsubscribe(channel: string, listener: (message: Buffer) => void): void;
}

class Listeners {
  private readonly of = new Map<string, Set<(message: Buffer) => void>>();

  deliver(channel: string, message: Buffer): void {
    for (const listener of this.of.get(channel) ?? []) listener(message);
  }

  /** Whether this is the channel's first listener. */
  add(channel: string, listener: (message: Buffer) => void): boolean {
    const known = this.of.get(channel);
    if (known) known.add(listener);
    else this.of.set(channel, new Set([listener]));
    return !known;
  }

  /** Whether this was the channel's last listener. */
  remove(channel: string, listener: (message: Buffer) => void): boolean {
    const known = this.of.get(channel);
    known?.delete(listener);
    return known?.size === 0 && this.of.delete(channel);
  }
}

export function localBus(): Bus {
  const listeners = new Listeners();
  return {
    publish: (channel, message) => listeners.deliver(channel, message),
    subscribe: async (channel, listener) => void listeners.add(channel, listener),
    unsubscribe: (channel, listener) => void listeners.remove(channel, listener),
  };
}

/** Two connections with the library's defaults; a publish is not awaited and a failed one is forgotten. */
export function redisBus(url: string): Bus {
  const listeners = new Listeners();
  const publisher = new Redis(url, { enableOfflineQueue: false, maxRetriesPerRequest: null });
  const subscriber = new Redis(url, { maxRetriesPerRequest: null });
  publisher.on('error', () => undefined);
  subscriber.on('error', () => undefined);
  subscriber.on('messageBuffer', (channel: Buffer, message: Buffer) => listeners.deliver(channel.toString(), message));
  return {
    publish: (channel, message) => {
      publisher.publish(channel, message).catch(() => undefined);
    },
    subscribe: async (channel, listener) => {
      // Always said to the server, so that the second listener also waits until it is in force.
      listeners.add(channel, listener);
      await subscriber.subscribe(channel);
    },
    unsubscribe: (channel, listener) => {
      if (listeners.remove(channel, listener)) subscriber.unsubscribe(channel).catch(() => undefined);
    },
  };
}
