// What the main thread and the thread of the emulators say to each other. Screens are numbered; order counts.
import type { Size } from '@hermit/protocol';
import type { ScreenSnapshot } from './screen.ts';

export type ToThread =
  | { type: 'open'; screen: number; size: Size; scrollback: number }
  /** Output; the buffer is handed over, not copied. One that is shared comes back with `buffers`. */
  | { type: 'write'; screen: number; bytes: Uint8Array }
  | { type: 'resize'; screen: number; size: Size }
  /** Whether queries in the output that follows are answered. */
  | { type: 'answer'; screen: number; on: boolean }
  | { type: 'snapshot'; screen: number; request: number; atLeast: number }
  | { type: 'close'; screen: number };

export type FromThread =
  /** Everything before this offset is parsed. */
  | { type: 'parsed'; screen: number; offset: number }
  /** Parsed, and of use again. */
  | { type: 'buffers'; buffers: SharedArrayBuffer[] }
  | { type: 'snapshot'; screen: number; request: number; snapshot: ScreenSnapshot }
  /** To be written to the program that asked. */
  | { type: 'reply'; screen: number; text: string }
  /** This screen's emulator failed; nothing more comes of it. The others are well. */
  | { type: 'failed'; screen: number };
