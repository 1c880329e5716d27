// A message socket: what agent, relay and client see of a WebSocket, or of a simulated one.

/** The reason of a close with which a socket was cut that was sent more than it read. */
export const OVERFLOW = 'The other side does not read.';

export interface SocketEvents {
  text(message: string): void;
  /** The bytes belong to the receiver. */
  binary(message: Uint8Array): void;
  /** Once, whoever closed. 1006 when the connection was cut. */
  close(code: number, reason: string): void;
}

export interface Socket {
  /** Set before anything can arrive; may be exchanged later. */
  events: SocketEvents;
  readonly open: boolean;
  /** Bytes accepted and not yet taken by the operating system. */
  readonly buffered: number;
  /** Nothing happens on a socket that is not open. The bytes must not change afterwards, or not before they are taken. */
  sendText(message: string): void;
  /** `taken` is called, where the socket can tell, once the bytes may change again. */
  sendBinary(message: Uint8Array, taken?: () => void): void;
  /** What was sent leaves now, and not with what the same callback of the event loop sends later; where that is so. */
  flush?(): void;
  /** Calls `run` once, when `buffered` is at most `bytes`; never after the close. */
  whenBelow(bytes: number, run: () => void): void;
  /** Messages may be as large as this from now on; where it is missing, they may be of any size. */
  allow?(messageBytes: number): void;
  /** Orderly: what was sent before still arrives. Waits for the other side a bounded time. */
  close(code: number, reason: string): void;
  /** At once; what is in flight may be lost. */
  terminate(): void;
}

/** Opens a connection; `opened` is called once when it stands, `events.close` when it does not come to be. */
export type Dial = (url: string, events: SocketEvents, opened: (socket: Socket) => void) => { cancel(): void };
