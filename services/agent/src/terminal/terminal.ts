// A program on a PTY, as a session sees it. Adapter: pty.ts (node-pty); the simulation has its own.
import type { Exit, Size } from '@hermit/protocol';

export type SpawnOptions = {
  command: string;
  args: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string>>;
  size: Size;
};

export interface Terminal {
  readonly pid: number;
  /** The bytes are the receiver's until it returns. Set once, before anything can arrive. */
  onData(listener: (bytes: Uint8Array) => void): void;
  /**
   * Once, after the last byte has been delivered by `onData`: what the program had written when it ended is
   * delivered even if reading was paused at that moment.
   */
  onExit(listener: (exit: Exit) => void): void;
  /** Bytes the program has not taken yet; the writer keeps this bounded. */
  readonly unread: number;
  write(bytes: Uint8Array): void;
  /** Runs each time `unread` has fallen. */
  onDrain(listener: () => void): void;
  resize(size: Size): void;
  /** Stops and restarts reading; the program then blocks on a full PTY. */
  pause(): void;
  resume(): void;
  kill(signal: string): void;
}

/** Throws HermitError SESSION_START_FAILED with a sentence when the program can't be started. */
export type Spawn = (options: SpawnOptions) => Terminal;
