// What load processes can be told to do, and what they answer. Orders travel by structured clone.
import type { DriverAt, SessionRef } from './driver.ts';

/** How busy the load process was while it worked on an order. */
export interface LoadHealth {
  /** CPU seconds per second: 1 is one core. */
  cpuShare: number;
  /** Share of the time in which the event loop was not waiting. */
  loopShare: number;
  /** p99 of how late the event loop's own timer was, in milliseconds. */
  lagP99Ms: number;
  /** How long the order took; over a few milliseconds the shares mean nothing. */
  elapsedMs: number;
}

export interface Reply<T> {
  result: T;
  health: LoadHealth;
}

/** What one viewer saw. */
export interface Receipt {
  bytes: number;
  /** Offset of the first byte that was not the expected one, or -1: all bytes were compared. */
  firstWrongAt: number;
}

export interface WatchResult {
  receipts: Receipt[];
  /** Milliseconds since the epoch: when the program was told to go, and when the last viewer had its last byte. */
  goneAt: number;
  lastAt: number;
  /** `[milliseconds since the epoch, bytes so far]` of the first viewer, at most one entry per 5 ms. */
  timeline: [number, number][];
}

export interface TypeResult {
  /** Keystroke to echo in milliseconds, in no order. */
  samples: number[];
  sent: number;
  /** Keystrokes whose echo had not come when the deadline passed. */
  lost: number;
  /** Echoed bytes that were not the expected ones. */
  wrong: number;
}

export interface LoadOrders {
  /** Opens `sessions` of the echo program, types in each at `perSecond` whether or not echoes come, and ends them. */
  type: {
    order: { viewers: DriverAt; sessions: number; perSecond: number; seconds: number; drainMs: number; seed: number };
    result: TypeResult;
  };
  /** Opens sessions of `program`, lets each go and counts what comes until `flood-stop`. */
  'flood-start': { order: { viewers: DriverAt; sessions: number; program: string }; result: undefined };
  'flood-stop': { order: object; result: { bytes: number; seconds: number; health: LoadHealth } };
  /** Opens a session of `program` (or attaches to `ref`) with `count` viewers. */
  'watch-open': {
    order: { viewers: DriverAt; count: number; program?: string; ref?: SessionRef };
    result: { ref: SessionRef };
  };
  /**
   * Lets the program go (when `go`) and waits until every viewer has `bytes` of the content in
   * `file` (repeated), or nothing came for `silenceMs` (counted from `expectedMs` at the earliest).
   * Viewer 0 types one key per `creditEvery` bytes.
   */
  'watch-run': {
    order: { go: boolean; file: string; bytes: number; silenceMs: number; expectedMs?: number; creditEvery?: number };
    result: WatchResult;
  };
  'watch-close': { order: { interrupt: boolean }; result: undefined };
  /** A light agent with one session, which sends `file` in frames; `window` bytes ahead of the viewer's credit. */
  'feed-open': { order: { agents: DriverAt }; result: { ref: SessionRef } };
  'feed-run': {
    order: { file: string; bytes: number; frameBytes: number; windowBytes: number; creditEvery: number };
    result: undefined;
  };
  'feed-close': { order: object; result: undefined };
  /** Opens `sessions` of the echo program, each with one viewer, and leaves them idle until `idle-close`. */
  'idle-open': { order: { viewers: DriverAt; sessions: number }; result: undefined };
  /** Attaches a further viewer to one of them, which leaves again, `visits` times. */
  'idle-visit': { order: { viewers: DriverAt; visits: number }; result: undefined };
  'idle-close': { order: object; result: undefined };
  /** Connects light agents `first` to `first + count - 1` and waits until all are registered. */
  'agents-open': { order: { agents: DriverAt; first: number; count: number }; result: undefined };
  /** Waits until every light agent that was lost is registered again; when each came back, since the epoch. */
  'agents-back': { order: { deadlineMs: number }; result: { backAt: number[]; lost: number; missing: number } };
  'agents-close': { order: object; result: undefined };
  /** How long `paint` takes, from the first byte sent to the first complete screen. */
  paint: { order: { viewers: DriverAt; ref: SessionRef; times: number }; result: { samples: number[] } };
}

export type LoadOrder = { [K in keyof LoadOrders]: { do: K } & LoadOrders[K]['order'] }[keyof LoadOrders];
