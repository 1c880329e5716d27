// The bus between pods: channels that deliver at most once. Adapters: bus-memory.ts, bus-redis.ts.

/** Told of each message; `channel` so that one listener can serve many. */
export type Listener = (message: Buffer, channel: string) => void;

/** What became of a publish: how many pods received it, or null when nobody can know (connection down or lost). */
export type Published = (receivers: number | null) => void;

/**
 * Contract, held by bus.contract.ts on every adapter:
 * - at most once: a message may be lost, it is never doubled, never queued while the connection is down;
 * - messages of one publisher on one channel arrive in the order of their publishing; in all but sharded
 *   deployments also across channels;
 * - a publisher that subscribes to the channel hears itself;
 * - callbacks never run inside the call that caused them.
 */
export interface Bus {
  /** False while a publish would only be dropped. */
  readonly publishing: boolean;
  /** The message must not change afterwards. Text is sent as UTF-8. */
  publish(channel: string, message: Uint8Array | string, done?: Published): void;
  /**
   * One listener for each channel; a second call replaces it. `confirmed` runs once the server has confirmed the
   * subscription (INT-1), also when that takes a reconnect; never after `unsubscribe`.
   */
  subscribe(channel: string, listener: Listener, confirmed?: () => void): void;
  unsubscribe(channel: string): void;
  /** Runs each time subscriptions had been lost and are proven to be back: the own probe came through. */
  onRestored(listener: () => void): void;
  close(): Promise<void>;
}
