// What a viewer implements: the port between an attachment and whatever paints it (a terminal, xterm.js, a file).
import type { Exit, HermitError, Size, SizePolicy } from '@hermit/protocol';

/**
 * Where an attachment stands, for the corner of the screen.
 * `waiting`: no connection (its state says more). `attaching`: asked, not answered yet.
 * `machine-offline`: the relay answers, the machine does not; asked again until it does.
 * `catching-up`: a snapshot or old bytes are being painted. `live`: what is shown is now.
 */
export type AttachmentState =
  | 'waiting'
  | 'attaching'
  | 'machine-offline'
  | 'catching-up'
  | 'live'
  | 'ended'
  | 'detached';

/** Who drives and whose size counts. */
export type SessionStatus = {
  /** The attachment that answers terminal queries. */
  driver: string | null;
  /** Whether that is this one. */
  driving: boolean;
  sizePolicy: SizePolicy;
  readOnly: boolean;
};

export type Painting = {
  scrollback: string;
  screen: string;
  /** The view has painted before: it keeps its own scrollback, and paints the screen alone. */
  repaint: boolean;
};

/**
 * Everything arrives in the order of the stream (CU-9). `data` may come while earlier bytes are still being painted;
 * `snapshot`, `resized`, `historyLost` and `ended` wait until everything before them is consumed. `done` is called
 * once the terminal has consumed the bytes, never before: it is what the agent paces by.
 */
export interface View {
  data(bytes: Uint8Array, done: () => void): void;
  /** Reset the terminal, then paint. No query is answered until `done`. */
  snapshot(painting: Painting, done: () => void): void;
  /** What follows was written for a terminal of this size. */
  resized(size: Size): void;
  state(state: AttachmentState): void;
  status(status: SessionStatus): void;
  /** Bytes from `from` up to `first` are gone; what follows starts at `first`. */
  historyLost(first: number, from: number): void;
  /** The program has ended and all it printed is painted. */
  ended(exit: Exit): void;
  /** Something was refused; the view goes on. INPUT_LOST: what was typed last may or may not have arrived. */
  refused(error: HermitError): void;
  /** Nothing more will come. */
  closed(error: HermitError): void;
  /** There is room again for input that `type` refused. */
  inputRoom?(): void;
}
