// A session's screen, kept by a terminal emulator that parses the output a little later than it comes.
// Adapters: worker.ts (a headless emulator in a worker thread); the simulation has its own.
import type { Size, Snapshot } from '@hermit/protocol';

/** A snapshot, the offset it is valid at (what the emulator had parsed: CU-6), and the size it was painted for. */
export type ScreenSnapshot = Snapshot & { offset: number; size: Size; title: string };

export interface Screen {
  /** Output in order, every byte of the session; what is needed of it is copied. */
  write(bytes: Uint8Array): void;
  /** From the next byte on the terminal has this size (CU-9). */
  resize(size: Size): void;
  /** Bytes written and not yet parsed. */
  readonly backlog: number;
  /** So much waits to be parsed, here or on all screens together, that the program is to wait until `onCaughtUp`. */
  readonly full: boolean;
  /** Runs when there is room again, at a bound that the adapter chooses. */
  onCaughtUp(listener: () => void): void;
  /** Whether queries in what is written from now on are answered (IN-6); they are at first. */
  answer(on: boolean): void;
  /** What the program is to be told, a little after it has asked. */
  onReply(listener: (bytes: Uint8Array) => void): void;
  /** Answers with a snapshot at an offset of at least `atLeast`, later; null when the emulator failed. */
  snapshot(atLeast: number, done: (snapshot: ScreenSnapshot | null) => void): void;
  dispose(): void;
}

/** A screen of the given size that starts at offset 0. */
export type CreateScreen = (size: Size, scrollback: number) => Screen;
