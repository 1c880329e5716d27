// What an attachment is made with, and what it needs of its connection.
import type { AttachMode, ClientToRelay, Size } from '@hermit/protocol';
import type { Clock, Random } from '@hermit/transport';
import type { Tuning } from './tuning.ts';
import type { View } from './view.ts';

export type AttachOptions = {
  machineId: string;
  sessionId: string;
  view: View;
  /** `screen` (default): a snapshot, then live. `stream`: every byte from `from` on. */
  mode?: AttachMode;
  /** First byte wanted in `stream` mode; null: the first that is in history. */
  from?: number | null;
  readOnly?: boolean;
  /** Size of the view's terminal. */
  size?: Size;
};

/** What an attachment needs of a link. */
export interface Wire {
  readonly buffered: number;
  send(message: ClientToRelay): void;
  sendFrame(frame: Uint8Array): void;
  /** Somebody waits for what was sent. */
  flush(): void;
}

export type AttachmentPorts = {
  clock: Clock;
  random: Random;
  newId: () => string;
  tuning: Tuning;
  /** The attach over the present link was answered. */
  answered(): void;
  /** Nothing more is wanted; the link is told by the attachment itself. */
  left(): void;
};
