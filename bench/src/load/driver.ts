// What a contestant gives to the load processes: how its viewers and its light agents speak to it.

/** A module that load processes import, and what they hand to it. The module exports `driver`. */
export interface DriverAt {
  /** file: URL of a module that exports `driver: ViewerDriver` or `driver: LightAgentDriver`. */
  module: string;
  /** Anything structured clone can carry: URLs, tokens, names. */
  options: unknown;
}

/** Names a session across load processes; only the contestant's own drivers read it. */
export type SessionRef = Record<string, string | number>;

export type OnOutput = (chunk: Buffer) => void;

/** One viewer of one session. */
export interface Viewing {
  readonly ref: SessionRef;
  /** Keystrokes, in order, as soon as possible. */
  write(bytes: Buffer): void;
  /** Detaches and closes the viewer's connection. The program goes on. */
  leave(): Promise<void>;
}

/** A viewer is one connection of its own: fifty viewers are fifty sockets. */
export interface ViewerDriver<Options = never> {
  /**
   * Runs `program` (a script for `/bin/sh -c`) in a new session and shows it from its first byte,
   * in order, each byte once. Programs end by Ctrl-C (0x03), which their scenario types.
   */
  open(options: Options, program: string, onOutput: OnOutput): Promise<Viewing>;
  /** Shows every byte that is printed after the promise resolved, and nothing printed before. */
  attach?(options: Options, ref: SessionRef, onOutput: OnOutput): Promise<Viewing>;
  /** As a person attaches: resolves when the first screen is complete, that is, painted and live. */
  paint?(options: Options, ref: SessionRef): Promise<Viewing>;
}

/** A light agent is a WebSocket that behaves as an agent with no PTY: it registers, answers pings, and may feed. */
export interface LightAgentDriver<Options = never> {
  /** `index` counts from 0 over all light agents of the run: one machine each. */
  connect(options: Options, index: number, events: LightAgentEvents): LightAgent;
}

export interface LightAgentEvents {
  /** Registered: at first, and again after each loss (with ability `come-back`). */
  registered(): void;
  lost(): void;
}

export interface LightAgent {
  /** Makes a session that viewers can attach to; what they type is given to `onInput`. With ability `feed`. */
  session?(onInput: (bytes: Buffer) => void): Promise<LightSession>;
  close(): void;
}

export interface LightSession {
  readonly ref: SessionRef;
  /** Sends one frame, uncut and unmerged. */
  feed(frame: Buffer): void;
}
