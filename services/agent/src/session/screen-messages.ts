// What the main thread and the thread of the emulators say to each other. Screens are numbered; order counts.
import type { Size } from '@hermit/protocol';
import type { ScreenSnapshot } from './screen.ts';

export type ToThread =
  | { type: 'open'; screen: number; size: Size; scrollback: number }
  /** Output; the buffer is handed over, not copied. */
  | { type: 'write'; screen: number; bytes: Uint8Array<ArrayBuffer> }
  | { type: 'resize'; screen: number; size: Size }
  /** Whether queries in the output that follows are answered. */
  | { type: 'answer'; screen: number; on: boolean }
  | { type: 'snapshot'; screen: number; request: number; atLeast: number }
  | { type: 'close'; screen: number };

export type FromThread =
  /** Everything before this offset is parsed. */
  | { type: 'parsed'; screen: number; offset: number }
  | { type: 'snapshot'; screen: number; request: number; snapshot: ScreenSnapshot }
  /** To be written to the program that asked. */
  | { type: 'reply'; screen: number; text: string }
  /** This screen's emulator failed; nothing more comes of it. The others are well. */
  | { type: 'failed'; screen: number };
